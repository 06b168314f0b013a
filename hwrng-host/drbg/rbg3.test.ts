import { describe, expect, it } from "vitest";
import { AssessedSource } from "../sources/assessed-source.ts";
import { FakeDevice, noise } from "../testing/fake-device.ts";
import { Rbg3 } from "./rbg3.ts";

const quiet = (): void => undefined;

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);

function generator(
  fakes: readonly FakeDevice[],
  allowChained = false,
  step = 0,
  system = zeros,
): { rbg: Rbg3; draws: number[] } {
  const draws: number[] = [];
  let ms = 0;
  const rbg = new Rbg3({
    sources: fakes.map((fake) => new AssessedSource(fake.driver(4, "physical-raw"), () => 0, quiet)),
    allowChained,
    personalization: new Uint8Array(8),
    systemRandom: (bytes) => {
      draws.push(bytes);
      return system(bytes);
    },
    now: () => (ms += step),
  });
  return { rbg, draws };
}

describe("RBG3(RS)", () => {
  it("spends 320 assessed bits (80 samples at H = 4) per 32 bytes, and as much for a whole chunk", async () => {
    await using fake = new FakeDevice(noise(1024 + 80 * 4));
    const { rbg, draws } = generator([fake]);
    const pool = await rbg.fullEntropy(2);
    expect(pool.bytes.length).toBe(64);
    expect(pool.sourceClass).toBe("physical-raw");
    expect((await rbg.chunk()).bytes.length).toBe(1024);
    await rbg.fullEntropy(1);
    expect(draws).toEqual([64, 64, 64, 64]);
    await expect(rbg.fullEntropy(1)).rejects.toMatchObject({ code: "no-source" });
  });

  it("depends on every source, also when the system generator gives constants", async () => {
    const outputs = [];
    for (const seed of [2, 3]) {
      await using a = new FakeDevice(noise(4096, 1), "noise-a");
      await using b = new FakeDevice(noise(4096, seed), "noise-b");
      outputs.push(Buffer.from((await generator([a, b]).rbg.fullEntropy(1)).bytes).toString("hex"));
    }
    expect(outputs[0]).not.toBe(outputs[1]);
  });

  it("depends on the fresh samples of every reseed, and on the system generator's bytes", async () => {
    const same = noise(1024 + 80, 1);
    const outputs: string[] = [];
    for (const [samples, system] of [
      [noise(80, 2), 0],
      [noise(80, 3), 0],
      [noise(80, 2), 7],
    ] as const) {
      await using fake = new FakeDevice(Buffer.concat([same, samples]));
      let draws = 0;
      const { rbg } = generator([fake], false, 0, (bytes) => new Uint8Array(bytes).fill(draws++ === 0 ? 0 : system));
      const [first, second] = [await rbg.fullEntropy(1), await rbg.fullEntropy(1)];
      outputs.push(...[first, second].map(({ bytes }) => Buffer.from(bytes).toString("hex")));
    }
    const [a, a2, b, b2, c, c2] = outputs;
    expect([a, a]).toEqual([b, c]);
    expect(new Set([a2, b2, c2]).size).toBe(3);
  });

  it("never gives the same output twice, and the halves of a pool differ", async () => {
    await using fake = new FakeDevice(noise(200_000));
    const { rbg } = generator([fake]);
    const seen = new Set<string>();
    const many = await Promise.all(Array.from({ length: 200 }, async () => rbg.fullEntropy(2)));
    for (const { bytes } of many) {
      seen.add(Buffer.from(bytes.subarray(0, 32)).toString("hex"));
      seen.add(Buffer.from(bytes.subarray(32)).toString("hex"));
    }
    expect(seen.size).toBe(400);
  });

  it("uses chained sources only when allowed, and says so", async () => {
    await using fake = new FakeDevice(noise(8192), "virtio_rng.0");
    const refused = generator([fake]).rbg.fullEntropy(1);
    await expect(refused).rejects.toMatchObject({ code: "no-source", fix: expect.stringMatching(/allowChained/) });
    await expect(refused).rejects.toThrow(/chained \(virtio_rng\.0\)/);
    expect((await generator([fake], true).rbg.fullEntropy(1)).sourceClass).toBe("chained");
  });

  it("goes on with the healthy source of two, and stops when both are gone", async () => {
    await using good = new FakeDevice(noise(1024 + 80), "noise-a");
    await using dead = new FakeDevice(new Uint8Array(4096), "noise-b");
    const { rbg } = generator([dead, good]);
    expect((await rbg.fullEntropy(1)).sourceClass).toBe("physical-raw");
    await expect(rbg.fullEntropy(1)).rejects.toMatchObject({ code: "no-source" });
    await expect(rbg.probe()).rejects.toMatchObject({ code: "no-source" });
  });

  it("sends callers away, with a number of seconds, when too many wait", async () => {
    await using fake = new FakeDevice(noise(100_000));
    const { rbg } = generator([fake], false, 1000);
    rbg.admit();
    await rbg.fullEntropy(20);
    rbg.admit();
    const waiting = Array.from({ length: 40 }, async () => rbg.chunk());
    expect(() => rbg.admit()).toThrow(/ask again|waiting already/);
    await Promise.all(waiting);
    rbg.admit();
  });

  it("gives nothing after it was closed", async () => {
    await using fake = new FakeDevice(noise(8192));
    const { rbg } = generator([fake]);
    await rbg.fullEntropy(1);
    await rbg.close();
    await expect(rbg.fullEntropy(1)).rejects.toThrow(/stopping/);
  });
});
