/**
 * Paired measurements: the sides take turns, A B A B …, so that whatever slows the machine slows both. Processor time
 * decides, never the clock on the wall: other programs run here too.
 */
import { median } from "./stats.ts";

/** Work that was done, and what it cost. */
export type Sample = {
  /** how often the thing was done */
  readonly count: number;
  /** microseconds of processor time, user and system */
  readonly cpuUs: number;
};

/** One contender. `run` warms up by itself; the warm-up is not in the sample. */
export type Side<Name extends string> = { readonly name: Name; readonly run: () => Promise<Sample> };

/** Things per processor second. @throws RangeError for a sample without work or time */
export function perCpuSecond({ count, cpuUs }: Sample): number {
  if (!(count > 0) || !(cpuUs > 0)) throw new RangeError(`expected work and time, got ${count} in ${cpuUs} µs`);
  return (count * 1e6) / cpuUs;
}

/**
 * Lets every side run once a round.
 * @param rounds at least 1; an odd number makes the median a measured value
 * @returns for each side the median of things per processor second
 */
export async function takeTurns<Name extends string>(
  sides: readonly Side<Name>[],
  rounds: number,
): Promise<Record<Name, number>> {
  const rates = new Map<Name, number[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of sides) rates.get(name)?.push(perCpuSecond(await run()));
  }
  const medians = [...rates].map(([name, values]) => [name, median(values)]);
  return Object.fromEntries(medians) as Record<Name, number>;
}

/** Processor time of this process for `work`, threads of the garbage collector and compiler included. */
export function ownCpuUs(work: () => void): number {
  const before = process.resourceUsage();
  work();
  const after = process.resourceUsage();
  return after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime;
}
