import { describe, expect, it } from "vitest";
import { BootQueue } from "./boot-queue.ts";

describe("BootQueue", () => {
  it.each([1, 2, 3])("never runs more than %i at a time, and runs all in order", async (limit) => {
    const queue = new BootQueue(limit);
    const started: number[] = [];
    let [running, most] = [0, 0];
    const job = async (number: number): Promise<void> => {
      started.push(number);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      if (number % 3 === 0) throw new Error("a failed boot");
    };
    const all = await Promise.allSettled(
      [1, 2, 3, 4, 5, 6, 7].map(async (number) => queue.run(async () => job(number))),
    );
    expect(started).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(limit);
    expect(all.filter(({ status }) => status === "rejected")).toHaveLength(2);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a limit of %s", (limit) => {
    expect(() => new BootQueue(limit)).toThrow(RangeError);
  });
});
