import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CtrDrbg } from "./ctr-drbg.ts";

const CASES = z.object({
  cases: z.array(
    z.object({
      file: z.string(),
      count: z.number(),
      entropyInput: z.string(),
      nonce: z.string(),
      personalization: z.string(),
      entropyInputReseed: z.string(),
      additionalInputReseed: z.string(),
      additionalInput: z.tuple([z.string(), z.string()]),
      expected: z.string(),
    }),
  ),
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const { cases } = CASES.parse(JSON.parse(readFileSync(new URL("cavp-aes256-df.json", import.meta.url), "utf8")));

const make = (): CtrDrbg => new CtrDrbg(new Uint8Array(32).fill(1), new Uint8Array(16));

describe("CTR_DRBG, AES-256 with derivation function", () => {
  it("carries cases of every shape NIST gives for this generator", () => {
    const shapes = cases.map((c) => [c.file, c.personalization.length, c.additionalInput[0].length].join());
    expect(new Set(shapes).size).toBe(8);
  });

  it.each(cases.map((c, i) => [`#${i} ${c.file} count ${c.count}`, c] as const))("NIST CAVP %s", (_, c) => {
    const drbg = new CtrDrbg(hex(c.entropyInput), hex(c.nonce), hex(c.personalization));
    if (c.entropyInputReseed !== "") drbg.reseed(hex(c.entropyInputReseed), hex(c.additionalInputReseed));
    const bytes = c.expected.length / 2;
    drbg.generate(bytes, hex(c.additionalInput[0]));
    expect(Buffer.from(drbg.generate(bytes, hex(c.additionalInput[1]))).toString("hex")).toBe(c.expected);
  });

  it("gives other output after a reseed, and the same for the same input", () => {
    const a = make();
    const b = make();
    expect(a.generate(40)).toEqual(b.generate(40));
    b.reseed(new Uint8Array(32).fill(2));
    expect(a.generate(40)).not.toEqual(b.generate(40));
  });

  it("refuses what the standard forbids", () => {
    expect(() => new CtrDrbg(new Uint8Array(31), new Uint8Array(16))).toThrow(/at least 32 bytes, got 31/);
    expect(() => new CtrDrbg(new Uint8Array(32), new Uint8Array(15))).toThrow(/at least 16 bytes, got 15/);
    const drbg = new CtrDrbg(new Uint8Array(32), new Uint8Array(16));
    expect(() => drbg.reseed(new Uint8Array(16))).toThrow(RangeError);
    expect(() => drbg.generate(65_537)).toThrow(/0 to 65536/);
    expect(drbg.generate(65_536).length).toBe(65_536);
    drbg.uninstantiate();
    expect(() => drbg.generate(1)).toThrow(/uninstantiate/);
    expect(() => drbg.reseed(new Uint8Array(32))).toThrow(/uninstantiate/);
  });
});
