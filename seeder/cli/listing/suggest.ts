/** Names that a user may have meant. Pure. */
import { byName } from "./order.ts";

const MOST = 5;

/**
 * Letters to change, add, leave out or swap with their neighbour to make one text of the other
 * (optimal string alignment).
 */
export function distanceOf(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const [above = 0, left = 0, corner = 0] = [last?.[j], row[j - 1], last?.[j - 1]];
      const change = Math.min(above + 1, left + 1, corner + (same ? 0 : 1));
      row.push(swapped ? Math.min(change, (before?.[j - 2] ?? 0) + 1) : change);
    }
    [before, last] = [last, row];
  }
  return last?.[b.length] ?? 0;
}

/** A beginning that is typed well counts nearly as much as the whole: "wbe" means "web-7", too. */
const farOf = (typed: string, name: string): number =>
  Math.min(distanceOf(typed, name), distanceOf(typed, name.slice(0, typed.length)) + 1);

/** @returns at most five of `names`, the nearest first; none where nothing is near */
export function nearest(typed: string, names: Iterable<string>): string[] {
  const text = typed.toLowerCase().slice(0, 256);
  const most = Math.max(2, Math.floor(text.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, far: farOf(text, name.toLowerCase()) }))
    .filter(({ far }) => far <= most)
    .toSorted((a, b) => a.far - b.far || byName(a.name, b.name))
    .slice(0, MOST)
    .map(({ name }) => name);
}

/** @returns the end of a sentence, with its colon @example ": did you mean web-1, web-2?" */
export function didYouMean(typed: string, names: Iterable<string>, otherwise: string): string {
  const found = nearest(typed, names);
  return found.length === 0 ? `: ${otherwise}` : `: did you mean ${found.join(", ")}?`;
}
