import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPlugin, onPath, placesOf, stampOf } from "./find.ts";

const PROGRAM = "pulumi-resource-digitalocean";
const wanted = { program: PROGRAM, folder: "resource-digitalocean-v4.80.1" };

let dir = "";
const at = (...names: string[]): string => join(dir, ...names);
function program(...names: string[]): string {
  mkdirSync(dirname(at(...names)), { recursive: true });
  writeFileSync(at(...names), "#!/bin/sh\nexec true\n");
  chmodSync(at(...names), 0o755);
  return at(...names);
}
const places = (...path: string[]): Parameters<typeof findPlugin>[1] => ({ path, plugins: at("plugins") });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-find-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("placesOf", () => {
  it("takes PULUMI_HOME's plugins, else those of the user's home", () => {
    expect(placesOf({ PATH: "/a::/b", HOME: "/h" })).toEqual({ path: ["/a", "/b"], plugins: "/h/.pulumi/plugins" });
    expect(placesOf({ HOME: "/h", PULUMI_HOME: "/p" })).toEqual({ path: [], plugins: "/p/plugins" });
  });

  it("makes relative folders absolute, and takes no notice of an empty PULUMI_HOME", () => {
    const cwd = process.cwd();
    expect(placesOf({ PATH: "tools:/b", HOME: "/h", PULUMI_HOME: "" })).toEqual({
      path: [join(cwd, "tools"), "/b"],
      plugins: "/h/.pulumi/plugins",
    });
    expect(placesOf({ PULUMI_HOME: "p" }).plugins).toBe(join(cwd, "p/plugins"));
  });
});

describe("onPath", () => {
  it("leaves out node_modules and what cannot be run", () => {
    program("node_modules/.bin/pulumi");
    mkdirSync(at("folder/pulumi"), { recursive: true });
    writeFileSync(at("plain"), "");
    mkdirSync(at("file"));
    writeFileSync(at("file/pulumi"), "", { mode: 0o644 });
    const right = program("right/pulumi");
    const path = [at("node_modules/.bin"), at("folder"), at("file"), at("nothing"), at("right")];
    expect(onPath(places(...path), "pulumi")).toEqual([right]);
  });
});

describe("findPlugin", () => {
  it("looks on PATH, beside the real file of pulumi, and in the plugins, in this order", () => {
    const real = program("opt/pulumi");
    mkdirSync(at("bin"));
    symlinkSync(real, at("bin/pulumi"));
    const find = (): ReturnType<typeof findPlugin> => findPlugin(wanted, places(at("bin")), at("bin/pulumi"));
    expect(find()).toEqual({
      why: `no ${PROGRAM} on PATH, in ${at("opt")} or ${at("plugins", wanted.folder)}`,
    });
    const own = program("plugins", wanted.folder, PROGRAM);
    expect(find()).toEqual({ file: own });
    const beside = program("opt", PROGRAM);
    expect(find()).toEqual({ file: beside });
    const first = program("bin", PROGRAM);
    expect(find()).toEqual({ file: first });
  });

  it("takes no other version than the SDK's out of the plugins, as the engine does", () => {
    program("plugins/resource-digitalocean-v4.0.0", PROGRAM);
    expect(findPlugin(wanted, places(), at("pulumi"))).toHaveProperty("why");
  });

  it("takes nothing that the engine has not unpacked to the end, and nothing that cannot be run", () => {
    const own = program("plugins", wanted.folder, PROGRAM);
    const find = (): ReturnType<typeof findPlugin> => findPlugin(wanted, places(), at("pulumi"));
    writeFileSync(at("plugins", `${wanted.folder}.partial`), "");
    expect(find()).toHaveProperty("why");
    rmSync(at("plugins", `${wanted.folder}.partial`));
    expect(find()).toEqual({ file: own });
    chmodSync(own, 0o644);
    expect(find()).toHaveProperty("why");
  });

  it("takes no stand-in for an official part", () => {
    const file = program("bin", PROGRAM);
    writeFileSync(file, "#!/bin/sh\n# stand-in, written by bootseed's set-up\n");
    expect(findPlugin(wanted, places(at("bin")), at("pulumi"))).toHaveProperty("why");
  });
});

describe("stampOf", () => {
  it("changes with the file behind the link: its place, size and time", () => {
    const [one, other] = [program("one"), program("other")];
    symlinkSync(one, at("link"));
    const stamps = [stampOf(at("link"))];
    writeFileSync(one, "longer than it was before");
    stamps.push(stampOf(at("link")));
    utimesSync(one, 5, 5);
    stamps.push(stampOf(at("link")));
    rmSync(at("link"));
    symlinkSync(other, at("link"));
    stamps.push(stampOf(at("link")));
    expect(new Set(stamps).size).toBe(4);
  });
});
