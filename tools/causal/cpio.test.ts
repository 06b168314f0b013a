import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { cpio } from "./cpio.ts";

describe("cpio", () => {
  it("is read by cpio itself, byte for byte", () => {
    const data = Buffer.from("odd length!");
    const archive = cpio([
      { path: "causal", mode: 0o755 },
      { path: "causal/file", mode: 0o640, data },
    ]);
    const listed = execFileSync("cpio", ["-itv", "--quiet"], { input: archive }).toString();
    expect(listed.trim().split("\n")).toHaveLength(2);
    expect(listed).toMatch(/^drwxr-xr-x.* causal$/m);
    expect(listed).toMatch(/^-rw-r-----.*\s11 .* causal\/file$/m);
    expect(execFileSync("cpio", ["-i", "--quiet", "--to-stdout", "causal/file"], { input: archive })).toEqual(data);
  });

  it("ends at a multiple of four, so that another archive may follow", () => {
    for (const length of [0, 1, 2, 3, 4, 5]) {
      expect(cpio([{ path: "x", mode: 0o644, data: new Uint8Array(length) }]).length % 4).toBe(0);
    }
  });
});
