import { describe, expect, it } from "vitest";
import { CtrDrbg } from "../drbg/ctr-drbg.ts";
import { alphaBitsFor, cutoffsFor, proportionCutoff, repetitionCutoff } from "./cutoffs.ts";
import { HealthMonitor } from "./monitor.ts";

/** Reproducible bytes without any structure. */
const noise = (bytes: number): Uint8Array =>
  new CtrDrbg(new Uint8Array(32).fill(7), new Uint8Array(16)).generate(bytes);

/** A window whose first value comes `count` times, never twice in a row. */
const hits = (count: number): Uint8Array =>
  Uint8Array.from({ length: 512 }, (_, i) => (i % 2 === 0 && i / 2 < count ? 200 : i % 200));

describe("cut-offs", () => {
  it("gives the values published with SP 800-90B for α = 2⁻²⁰", () => {
    expect([0.5, 1, 2, 4, 8].map((h) => proportionCutoff(h, 20, 512))).toEqual([410, 311, 177, 62, 13]);
    expect(proportionCutoff(1, 20, 1024)).toBe(589);
    expect([1, 2, 4, 8].map((h) => repetitionCutoff(h, 20))).toEqual([21, 11, 6, 4]);
  });

  it("gives the values of exact arithmetic for small α, where 1 − α is no double", () => {
    expect([0.5, 1, 2, 4, 6, 8].map((h) => proportionCutoff(h, 42, 512))).toEqual([433, 338, 204, 79, 36, 20]);
  });

  it("takes α from the sample rate: 42 bits at 9.6 KB/s", () => {
    expect(alphaBitsFor(9600)).toBe(42);
    expect(cutoffsFor(4, 9600)).toEqual({ alphaBits: 42, repetition: 12, windowSamples: 512, proportion: 79 });
  });

  it.each([0, -1, 8.5, Number.NaN])("refuses H = %s", (h) => {
    expect(() => cutoffsFor(h, 9600)).toThrow(/more than 0 and at most 8/);
  });
});

describe("health monitor", () => {
  const cutoffs = cutoffsFor(4, 9600);

  it("passes 1 MiB of good samples", () => {
    const monitor = new HealthMonitor(cutoffs);
    for (let i = 0; i < 16; i++) expect(monitor.feed(noise(65_536))).toBeNull();
  });

  it("fails on exactly C equal samples in a row, also across two blocks", () => {
    const almost = new HealthMonitor(cutoffs);
    expect(almost.feed(new Uint8Array(11).fill(5))).toBeNull();
    expect(almost.feed(Uint8Array.of(6))).toBeNull();
    const stuck = new HealthMonitor(cutoffs);
    expect(stuck.feed(new Uint8Array(6).fill(5))).toBeNull();
    expect(stuck.feed(new Uint8Array(6).fill(5))?.test).toBe("repetition count");
  });

  it("fails on a biased source that never repeats a run", () => {
    const biased = Uint8Array.from({ length: 512 }, (_, i) => (i % 4 === 0 ? 9 : 10 + (i % 97)));
    expect(new HealthMonitor(cutoffs).feed(biased)?.test).toBe("adaptive proportion");
  });

  it("counts a window's first value, and only within that window", () => {
    expect(new HealthMonitor(cutoffs).feed(hits(79))?.test).toBe("adaptive proportion");
    const monitor = new HealthMonitor(cutoffs);
    for (let i = 0; i < 4; i++) expect(monitor.feed(hits(78))).toBeNull();
  });

  it("stays failed", () => {
    const monitor = new HealthMonitor(cutoffs);
    monitor.feed(new Uint8Array(12));
    expect(monitor.feed(noise(512))?.test).toBe("repetition count");
  });
});
