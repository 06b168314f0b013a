import { describe, expect, it } from "vitest";
import { atLeast, atMost, compared } from "./row.ts";
import { readable, table } from "./table.ts";

describe("readable", () => {
  it.each([
    [8723.4, "8,720"],
    [1155, "1,155"],
    [0.02134, "0.0213"],
    [123_456.7, "123,000"],
  ])("%d is %s", (value, text) => expect(readable(value)).toBe(text));
});

describe("table", () => {
  it("says plainly which goals are met, with ratio and notes", () => {
    const goal = atLeast(0.8, 0.85, "≥ 0.85 × C");
    const text = table([
      { what: "seal", value: 80, unit: "/cpu-s", ...compared(80, "C", 100), goal, note: "cold" },
      { what: "size", value: 1155, unit: "B", goal: atMost(1155, 1162, "≤ 1,162 B") },
      { what: "rate", value: 1, unit: "/s" },
    ]);
    const lines = text.split("\n");
    expect(lines[2]).toMatch(/^seal +80 \/cpu-s +C 100 +0\.80 +≥ 0\.85 × C +MISSED$/);
    expect(lines[3]).toMatch(/^size +1,155 B +≤ 1,162 B +met$/);
    expect(lines[4]).toMatch(/^rate +1 \/s$/);
    expect(text.endsWith("\nseal: cold\n")).toBe(true);
  });

  it("counts a value on the goal as met", () => {
    expect([atLeast(1, 1, "").met, atMost(1, 1, "").met, atLeast(0.99, 1, "").met]).toEqual([true, true, false]);
  });
});
