/**
 * Which names machines may give that join with a token: one name, or for a fleet a pattern of names. `*` stands for one
 * or more letters, digits and dashes, never for a dot: `worker-*` is worker-1 and worker-eu-1, not worker-1.example.net.
 */
import { hostKeyWord, isAddressLike, nameProblem } from "@bootseed/protocol";

/** What a join can carry (protocol/join.ts). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
const PATTERN = /^[A-Za-z0-9][A-Za-z0-9.-]{0,61}\*[A-Za-z0-9.-]{0,61}$/;

export const isPattern = (names: string): boolean => names.includes("*");

/**
 * @param names of a new token
 * @param uses how many machines may join with it
 * @returns why it is refused, or null
 */
export function namesProblem(names: string, uses: number): string | null {
  if (isPattern(names)) {
    if (uses === 1) return "one machine has one name: expected a name without *, such as db-1";
    if (!PATTERN.test(names) || names.length > 63)
      return "expected a pattern that begins with a letter or digit and has one *, such as worker-* or web-*.example.net";
    return isAddressLike(names.replace("*", "1")) ? "these names are IP addresses, which machines may not give" : null;
  }
  const problem = nameProblem(names);
  if (problem !== null && (isAddressLike(names) || NAME.test(names))) return `${names} ${problem}`;
  if (!NAME.test(names)) return "expected 1 to 63 letters, digits, dots and dashes, such as db-1";
  return uses === 1 ? null : `${uses} machines cannot have one name: expected a pattern, such as ${names}-*`;
}

/**
 * @param names of a token
 * @param given by the joining machine; empty: it leaves the choice to the host
 * @returns the name that the machine gets, or null when the token does not allow it
 */
export function nameAllowed(names: string, given: string): string | null {
  if (given === "") return isPattern(names) ? null : names;
  if (nameProblem(given) !== null) return null;
  const [before = "", after] = hostKeyWord(names).split("*");
  const word = hostKeyWord(given);
  if (after === undefined) return word === before ? given : null;
  const middle = word.slice(before.length, word.length - after.length);
  const fits = word.startsWith(before) && word.endsWith(after) && /^[a-z0-9-]+$/.test(middle);
  return fits && word.length > before.length + after.length ? given : null;
}
