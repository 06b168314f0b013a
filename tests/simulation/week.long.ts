/** Thirty weeks. `BOOTSEED_SEED=… vitest run --project long <this file>` replays one. */
import { describe, it } from "vitest";
import { tell } from "./tell.ts";

const SEEDS = process.env["BOOTSEED_SEED"]?.split(",") ?? Array.from({ length: 30 }, (_, n) => `week-${n + 1}`);

describe("a simulated week", () => {
  it.each(SEEDS)("of seed %s breaks no invariant", async (seed) => {
    await tell({ seed, vms: 100, days: 7, unrest: true }, "long", "tests/simulation/week.long.ts");
  });
});
