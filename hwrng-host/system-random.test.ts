import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemRandom } from "./system-random.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-system-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const kernel = join(dir, "urandom");
writeFileSync(
  kernel,
  Uint8Array.from({ length: 64 }, (_, at) => at),
);
const zeros = (into: Uint8Array): Uint8Array => into.fill(0);

describe("systemRandom", () => {
  it("is the kernel's bytes, the process's own added to them, fresh at each call", () => {
    const random = systemRandom(kernel, zeros);
    expect([...random(4), ...random(2)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...systemRandom(kernel, (into) => into.fill(0xf0))(2)]).toEqual([0xf0, 0xf1]);
  });

  it("reads the real kernel, whatever the process's generator gives", () => {
    const random = systemRandom(undefined, zeros);
    expect(Buffer.compare(random(32), random(32))).not.toBe(0);
  });

  it("throws where the kernel cannot be read, and where the file ends early", () => {
    expect(() => systemRandom(join(dir, "none"))).toThrow("ENOENT");
    expect(() => systemRandom(kernel, zeros)(65)).toThrow("expected 65 bytes, got 64");
  });

  it("keeps no copy of the process's bytes", () => {
    let kept: Uint8Array = new Uint8Array(0);
    systemRandom(kernel, (into) => (kept = into.fill(7)))(8);
    expect([...kept]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
