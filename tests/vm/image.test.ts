import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureImage } from "../../tools/image/image.ts";

describe("the guest image is stock", () => {
  const packages = new Map<string, { version: string; wanted: boolean }>();

  beforeAll(async () => {
    const lines = readFileSync(join(await ensureImage(), "packages.txt"), "utf8")
      .trim()
      .split("\n");
    for (const line of lines) {
      const [name = "", version = "", mark] = line.split(" ");
      packages.set(name, { version, wanted: mark === "manual" });
    }
  });

  it("is Debian 12's own cloud-init, systemd and sshd", () => {
    expect(packages.get("cloud-init")?.version).toMatch(/^22\.4\.2/);
    expect(packages.get("systemd")?.version).toMatch(/^252/);
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
      version: expect.stringMatching(/^38\./) as unknown,
    });
  });

  it("has nothing of ours, and one test aid: QEMU's guest agent", () => {
    expect(packages.has("qemu-guest-agent")).toBe(true);
    expect([...packages.keys()].filter((name) => name.includes("bootseed"))).toEqual([]);
  });
});
