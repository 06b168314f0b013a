/** Which word somebody meant. */

/** More than this is another word. */
const MAX_EDITS = 2;

/** @returns the one of `words` that needs the fewest edits, and at most two; undefined: none is near */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, edits: edits(typed.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits: count }) => count <= MAX_EDITS)
    .toSorted((a, b) => a.edits - b.edits);
  return best?.word;
}

/** Inserted, removed, replaced characters, and neighbours that changed places, each one edit (Damerau). */
function edits(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
