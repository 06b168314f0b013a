import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { freshRandom } from "./fresh-random.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-fresh-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const kernel = join(dir, "urandom");
writeFileSync(
  kernel,
  Uint8Array.from({ length: 64 }, (_, at) => at),
);
const zeros = (into: Uint8Array): Uint8Array => into.fill(0);

describe("freshRandom", () => {
  it("is the kernel's bytes, the process's own added to them", () => {
    expect([...freshRandom(4, kernel, zeros)]).toEqual([0, 1, 2, 3]);
    expect([...freshRandom(4, kernel, (into) => into.fill(0xf0))]).toEqual([0xf0, 0xf1, 0xf2, 0xf3]);
  });

  it("reads the real kernel each time, whatever the process's generator gives", () => {
    const two = [freshRandom(32, undefined, zeros), freshRandom(32, undefined, zeros)];
    expect(Buffer.compare(...(two as [Uint8Array, Uint8Array]))).not.toBe(0);
    expect(new Set(two.map((bytes) => bytes.length))).toEqual(new Set([32]));
  });

  it("throws where the kernel cannot be read, and where the file ends early", () => {
    expect(() => freshRandom(32, join(dir, "none"), zeros)).toThrow("ENOENT");
    expect(() => freshRandom(65, kernel, zeros)).toThrow("expected 65 bytes, got 64");
  });

  it("keeps no copy of the process's bytes", () => {
    let kept: Uint8Array = new Uint8Array(0);
    freshRandom(8, kernel, (into) => (kept = into.fill(7)));
    expect([...kept]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
