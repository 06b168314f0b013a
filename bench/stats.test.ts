import { describe, expect, it } from "vitest";
import { median, quantile } from "./stats.ts";

describe("quantile", () => {
  it.each([
    [[3], 0.99, 3],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[5, 1, 3], 0.5, 3],
    [[0, 10], 0.25, 2.5],
    [[2, 1], 0, 1],
    [[2, 1], 1, 2],
    [Array.from({ length: 101 }, (_, i) => 100 - i), 0.99, 99],
  ])("of %j at %d is %d", (values, q, expected) => {
    expect(quantile(values, q)).toBeCloseTo(expected, 12);
  });

  it("leaves the list in its order", () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  it.each([
    [[], 0.5],
    [[1], 1.1],
    [[1], Number.NaN],
  ])("refuses %j at %d", (values, q) => {
    expect(() => quantile(values, q)).toThrow(RangeError);
  });
});
