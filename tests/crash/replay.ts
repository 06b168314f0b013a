/** Chance that can be repeated: the seed is printed, and BOOTSEED_SEED sets it. */
import { randomUUID } from "node:crypto";
import { Random } from "../simulation/random.ts";

/** @param drill named in the line that is printed */
export function chance(drill: string): Random {
  const seed = process.env["BOOTSEED_SEED"] ?? randomUUID().slice(0, 8);
  process.stderr.write(`${drill}: BOOTSEED_SEED=${seed} repeats this run\n`);
  return new Random(`${seed}/${drill}`);
}
