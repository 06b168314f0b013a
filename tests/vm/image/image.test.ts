import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureImage } from "../../../tools/image/image.ts";

describe.each([
  { slug: "debian-12-x64", cloudInit: /^22\.4\.2/, systemd: /^252/, cryptography: /^38\./ },
  { slug: "debian-13-x64", cloudInit: /^25\.1\.4/, systemd: /^257/, cryptography: /^43\./ },
] as const)("the guest image $slug is stock", ({ slug, cloudInit, systemd, cryptography }) => {
  const packages = new Map<string, { version: string; wanted: boolean }>();

  beforeAll(async () => {
    const lines = readFileSync(join(await ensureImage(undefined, slug), "packages.txt"), "utf8")
      .trim()
      .split("\n");
    for (const line of lines) {
      const [name = "", version = "", mark] = line.split(" ");
      packages.set(name, { version, wanted: mark === "manual" });
    }
  });

  it("has Debian's own cloud-init, systemd and sshd", () => {
    expect(packages.get("cloud-init")?.version).toMatch(cloudInit);
    expect(packages.get("systemd")?.version).toMatch(systemd);
    expect(packages.has("openssh-server")).toBe(true);
  });

  it("has neither Node nor nftables, as no base cloud image has them", () => {
    const foreign = [...packages.keys()].filter((name) =>
      /^(nodejs|libnode|npm$|nftables|libnftables|node-)/.test(name),
    );
    expect(foreign).toEqual([]);
  });

  it("has python3-cryptography only because cloud-init depends on it", () => {
    expect(packages.get("python3-cryptography")).toMatchObject({
      wanted: false,
      version: expect.stringMatching(cryptography) as unknown,
    });
  });

  it("has nothing of ours, and one test aid: QEMU's guest agent", () => {
    expect(packages.has("qemu-guest-agent")).toBe(true);
    expect([...packages.keys()].filter((name) => name.includes("bootseed"))).toEqual([]);
  });
});
