import { describe, expect, it } from "vitest";
import { perCpuSecond, takeTurns } from "./measure.ts";

describe("taking turns", () => {
  it("lets the sides alternate, and gives each the median of its own rates", async () => {
    const order: string[] = [];
    const side = <Name extends string>(name: Name, cpuUs: number[]) => ({
      name,
      run: async () => {
        order.push(name);
        return { count: 100, cpuUs: cpuUs.shift() ?? 0 };
      },
    });
    const rates = await takeTurns<"a" | "b">([side("a", [100, 50, 200]), side("b", [400, 400, 100])], 3);
    expect(order.join("")).toBe("ababab");
    expect(rates).toEqual({ a: 1_000_000, b: 250_000 });
  });

  it.each([
    { count: 0, cpuUs: 5 },
    { count: 5, cpuUs: 0 },
    { count: 5, cpuUs: Number.NaN },
  ])("refuses a sample that measured nothing: %j", (sample) => {
    expect(() => perCpuSecond(sample)).toThrow("expected work and time");
  });
});
