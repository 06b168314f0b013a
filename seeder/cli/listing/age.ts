/** How long ago something was, in one number and one unit. */

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/**
 * @param seconds below 0: the clocks of host and client differ
 * @example ageOf(7300) // "2h"
 */
export function ageOf(seconds: number): string {
  const past = Math.max(0, Math.floor(seconds));
  // Two of a unit before it is used: "1d" would hide up to a day.
  for (const [unit, length] of UNITS) if (past >= 2 * length) return `${Math.floor(past / length)}${unit}`;
  return `${past}s`;
}
