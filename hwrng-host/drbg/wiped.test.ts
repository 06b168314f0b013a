/** Copies of secret state are zero once a call has returned or thrown. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cutoffsFor } from "../health/cutoffs.ts";
import { AssessedSource } from "../sources/assessed-source.ts";
import { FakeDevice, noise } from "../testing/fake-device.ts";
import { blockCipherDf } from "./block-cipher-df.ts";
import { CtrDrbg } from "./ctr-drbg.ts";
import { Rbg3 } from "./rbg3.ts";

afterEach(() => void vi.restoreAllMocks());

/** Every copy that `Uint8Array.from` makes while `work` runs, but for what `work` returns. */
function copiesOf(work: () => Uint8Array): Uint8Array[] {
  const made: Uint8Array[] = [];
  const from = Uint8Array.from.bind(Uint8Array);
  vi.spyOn(Uint8Array, "from").mockImplementation((...words: unknown[]) => {
    const copy = (from as (...all: unknown[]) => Uint8Array<ArrayBuffer>)(...words);
    made.push(copy);
    return copy;
  });
  const returned = work();
  return made.filter((copy) => copy !== returned);
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

describe("wiped", () => {
  it("CTR_DRBG keeps no copy of V", () => {
    const drbg = new CtrDrbg(new Uint8Array(32).fill(1), new Uint8Array(16));
    const copies = copiesOf(() => drbg.generate(32));
    expect(copies.length).toBeGreaterThanOrEqual(2);
    expect(copies.map(isZero)).not.toContain(false);
  });

  it("Block_Cipher_df keeps no block of its chain", () => {
    const copies = copiesOf(() => blockCipherDf([new Uint8Array(40).fill(7)]));
    expect(copies.length).toBeGreaterThanOrEqual(3);
    expect(copies.map(isZero)).not.toContain(false);
  });

  it.each(["a later source", "the system's generator"])("RBG3 wipes gathered blocks when %s throws", async (which) => {
    await using a = new FakeDevice(noise(4096, 1), "noise-a");
    await using b = new FakeDevice(noise(4096, 2), "noise-b");
    const sources = [a, b].map(
      (fake) =>
        new AssessedSource(
          fake.driver(4, "physical-raw"),
          () => 0,
          () => undefined,
        ),
    );
    const [first, second] = sources;
    const gathered: Uint8Array[] = [];
    const block = first?.block.bind(first);
    vi.spyOn(first as AssessedSource, "block").mockImplementation(async (samples) => {
      const one = await block?.(samples);
      if (one === undefined) throw new Error("no block");
      gathered.push(one.samples);
      return one;
    });
    if (which === "a later source") vi.spyOn(second as AssessedSource, "block").mockRejectedValue(new TypeError("bug"));
    const systemRandom = (bytes: number): Uint8Array => {
      if (which !== "a later source") throw new TypeError("bug");
      return new Uint8Array(bytes);
    };
    const set = vi.spyOn(Uint8Array.prototype, "set");
    const options = { sources, allowChained: false, personalization: new Uint8Array(8), systemRandom, now: () => 0 };
    await expect(new Rbg3(options).fullEntropy(1)).rejects.toThrow("bug");
    expect(gathered.map(isZero)).toEqual([true]);
    // And the array that the blocks were joined in.
    const joined = set.mock.contexts.filter((array) => (array as Uint8Array).length === 160);
    expect(joined.length).toBe(which === "a later source" ? 0 : 2);
    expect(joined.map((array) => isZero(array as Uint8Array))).not.toContain(false);
  });
});

describe("cutoffsFor", () => {
  it("gives what its example says", () => {
    const source = readFileSync(new URL("../health/cutoffs.ts", import.meta.url), "utf8");
    const [, call = "", told = ""] = /@example cutoffsFor\(([^)]*)\) \/\/ \{ (.*) \}/.exec(source) ?? [];
    const [bits = 0, rate = 0] = call.split(", ").map(Number);
    const pairs = told.split(", ").map((pair) => pair.split(": "));
    expect(cutoffsFor(bits, rate)).toEqual(Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)])));
  });
});
