/** Numbers of the config: a complaint says the whole range, whichever end was missed. */
import { z } from "zod";

/** @param unit what is counted, in words */
export function whole(min: number, max: number, unit: string): z.ZodInt {
  const expected = `expected a whole number from ${min} to ${max} (${unit})`;
  return z.int(expected).min(min, expected).max(max, expected);
}

const BITS = "expected a number of bits per byte, over 0 and up to 8";

/** H of a source. */
export const minEntropyBits: z.ZodNumber = z.number(BITS).gt(0, BITS).max(8, BITS);
