import { describe, expect, it } from "vitest";
import { parseDroplets } from "./config.ts";

const web = { name: "web", image: "debian-12-x64", size: "s-1vcpu-1gb", region: "ams3" };

describe("parseDroplets", () => {
  it("takes none, and droplets with and without the optional fields", () => {
    expect(parseDroplets(undefined)).toEqual([]);
    expect(parseDroplets([web, { ...web, name: "db", userData: "#!/bin/sh\n", tags: ["a"] }])).toHaveLength(2);
  });
  it("names the entry and the field of what is wrong", () => {
    const { image: _image, ...noImage } = web;
    expect(() => parseDroplets([web, noImage])).toThrow(/bootseed:droplets\[1\]\.image: /);
    expect(() => parseDroplets([{ ...web, imgae: "x" }])).toThrow(/bootseed:droplets\[0\]: .*imgae/);
    expect(() => parseDroplets([web, web])).toThrow(/same name/);
    expect(() => parseDroplets([{ ...web, name: "a b" }])).toThrow(/droplets\[0\]\.name/);
    expect(() => parseDroplets("web")).toThrow(/bootseed:droplets: /);
  });
});
