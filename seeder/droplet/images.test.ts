import { describe, expect, it } from "vitest";
import { imageRefusal } from "./images.ts";

/** Slugs and the minor version of the distribution's own /usr/bin/python3; 0 where there is none. */
const PYTHON: Record<string, number> = {
  "debian-8-x64": 4,
  "debian-9-x64": 5,
  "debian-10-x64": 7,
  "debian-11-x64": 9,
  "debian-12-x64": 11,
  "debian-13-x64": 13,
  "ubuntu-14-04-x64": 4,
  "ubuntu-16-04-x32": 5,
  "ubuntu-18-04-x64": 6,
  "ubuntu-19-10-x64": 7,
  "ubuntu-20-04-x64": 8,
  "ubuntu-22-04-x64": 10,
  "ubuntu-24-04-x64": 12,
  "ubuntu-25-04-x64": 13,
  "ubuntu-25-10-x64": 13,
  "docker-18-04": 6,
  "wordpress-16-04": 5,
  "docker-20-04": 8,
  "lamp-22-04": 10,
  "fedora-27-x64": 6,
  "fedora-28-x64": 6,
  "fedora-29-x64": 7,
  "fedora-30-x64": 7,
  "fedora-31-x64": 7,
  "fedora-32-x64": 8,
  "fedora-33-x64": 9,
  "fedora-34-x64": 9,
  "fedora-35-x64": 10,
  "fedora-36-x64": 10,
  "fedora-37-x64": 11,
  "fedora-38-x64": 11,
  "fedora-39-x64": 12,
  "fedora-40-x64": 12,
  "fedora-41-x64": 13,
  "fedora-42-x64": 13,
  "centos-6-x64": 0,
  "centos-7-x64": 6,
  "centos-8-x64": 6,
  "centos-stream-8-x64": 6,
  "centos-stream-9-x64": 9,
  "almalinux-8-x64": 6,
  "almalinux-9-x64": 9,
  "rockylinux-8-4-x64": 6,
  "rockylinux-8-x64": 6,
  "rockylinux-9-x64": 9,
  "rockylinux-10-x64": 12,
  "opensuse-leap-15-x64": 6,
  "opensuse-leap-16-x64": 13,
};

describe("imageRefusal", () => {
  it.each(Object.entries(PYTHON))(
    "C9 (python/cpython#80208): %s, python 3.%d, is refused exactly if that is older than the kit's tests cover",
    (slug, minor) => {
      const refusal = imageRefusal(slug);
      if (minor >= 8) expect(refusal).toBeUndefined();
      else expect(refusal).toMatch(/its python3 is older than 3\.8; .*bootseed-agent join/);
    },
  );

  it.each([
    ["freebsd-12-x64", /not Linux/],
    ["coreos-stable", /no python3/],
    ["fedora-coreos-40", /no python3/],
    ["fedora-28-x64-atomic", /no python3/],
    ["flatcar-stable", /no python3/],
    ["rancheros", /no python3/],
  ])("refuses %s, and names join", (slug, why) => {
    expect(imageRefusal(slug)).toMatch(why);
    expect(imageRefusal(slug)).toMatch(/bootseed-agent join/);
  });

  it.each(["gpu-h100x1-base", "my-own-image", "my-10-image", "12345678", 12_345_678, undefined])(
    "does not judge %j",
    (image) => {
      expect(imageRefusal(image)).toBeUndefined();
    },
  );
});
