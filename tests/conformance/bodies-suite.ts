/** Bodies of random bytes, to kit and agent. */
import { describe, expect, it } from "vitest";
import { randomBodies } from "./cases/random.ts";
import { Pair, PAIR_READY } from "./pair.ts";

/** A run can be seen again with the same word. */
const SEED = process.env["BOOTSEED_SEED"] ?? "bootseed";

export function bodiesSuite(count: number): void {
  describe.skipIf(!PAIR_READY)("kit and agent", () => {
    it(`agree on ${count} random bodies (BOOTSEED_SEED=${SEED})`, async () => {
      await using pair = new Pair();
      expect(await pair.run(randomBodies(SEED, count))).toMatchObject({ count, deviations: [] });
    });
  });
}
