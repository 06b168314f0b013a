import { describe, expect, it } from "vitest";
import { imageRefusal } from "./images.ts";

describe("imageRefusal", () => {
  it.each([
    ["freebsd-12-x64", /not Linux/],
    ["coreos-stable", /no python3/],
    ["fedora-coreos-40", /no python3/],
    ["fedora-28-x64-atomic", /no python3|older/],
    ["flatcar-stable", /no python3/],
    ["rancheros", /no python3/],
    ["ubuntu-18-04-x64", /older than 3\.7/],
    ["docker-18-04", /older than 3\.7/],
    ["debian-9-x64", /older than 3\.7/],
    ["centos-7-x64", /older than 3\.7/],
    ["centos-stream-8-x64", /older than 3\.7/],
    ["almalinux-8-x64", /older than 3\.7/],
    ["rockylinux-8-x64", /older than 3\.7/],
    ["fedora-28-x64", /older than 3\.7/],
  ])("refuses %s, and names join", (slug, why) => {
    expect(imageRefusal(slug)).toMatch(why);
    expect(imageRefusal(slug)).toMatch(/bootseed-agent join/);
  });
  it.each([
    "debian-11-x64",
    "debian-12-x64",
    "debian-13-x64",
    "ubuntu-20-04-x64",
    "ubuntu-22-04-x64",
    "ubuntu-24-04-x64",
    "docker-20-04",
    "fedora-42-x64",
    "centos-stream-9-x64",
    "almalinux-9-x64",
    "rockylinux-10-x64",
    "gpu-h100x1-base",
    "my-own-image",
    "12345678",
    12_345_678,
    undefined,
  ])("lets %j pass", (image) => {
    expect(imageRefusal(image)).toBeUndefined();
  });
});
