/** Many packets: what grows without end stops a service after months. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import type { Sample } from "./deliver.ts";

const SAMPLES = 10;
/** A megabyte per 100,000 packets. */
const MAX_BYTES_PER_PACKET = 10;
/** Samples before this one are the process finding its size. */
const SETTLED = 3;

/**
 * The collector and malloc are kept small: at their ease they take a quarter of a gigabyte for 20 MiB that are in use, and are
 * still finding their size after a million packets. What grows all the same is kept by somebody.
 */
const SMALL = ["--max-semi-space-size=2", "--max-old-space-size=64"];
const SMALL_MALLOC = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

/** Least squares of memory over packets, bytes per packet. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map((one) => one.packets)), mean(samples.map((one) => one.rss))];
  const over = samples.reduce((sum, one) => sum + (one.packets - x) * (one.rss - y), 0);
  return over / samples.reduce((sum, one) => sum + (one.packets - x) ** 2, 0);
}

/** @param memory whether the slope is held: below 100,000 packets the collector's own steps are larger */
export function enduranceSuite(packets: number, memory: boolean): void {
  describe("the host", () => {
    it(`delivers ${packets} packets, each taken once, and keeps no descriptor${memory ? " and no memory" : ""}`, async () => {
      const script = join(import.meta.dirname, "deliver.ts");
      const words = ["--expose-gc", ...SMALL, script, String(packets), String(SAMPLES)];
      const env = { ...process.env, ...SMALL_MALLOC };
      const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"], env });
      const ended = once(child, "exit");
      const samples: Sample[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        samples.push(JSON.parse(line) as Sample);
        if (memory) process.stderr.write(`${line}\n`);
      }
      expect(await ended).toEqual([0, null]);
      expect(samples).toHaveLength(SAMPLES);
      expect(samples.at(-1)?.packets).toBeGreaterThanOrEqual(packets);
      expect(new Set(samples.map((one) => one.descriptors)).size).toBe(1);
      if (memory) expect(slope(samples.slice(SETTLED))).toBeLessThan(MAX_BYTES_PER_PACKET);
    });
  });
}
