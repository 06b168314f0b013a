/** Text in columns, and words that are shortened to fit. Pure. */

/** Whatever is not printable ASCII never reaches the terminal: control characters, and letters of two columns. */
export const ascii = (text: string): string => text.replaceAll(/[^ -~]/g, "?");

const ELLIPSIS = "…";

/**
 * Shortens in the middle, so that names that differ at their end stay different.
 *
 * @param width at least 3
 * @example shortened("web-production-0017", 12) // "web-pr…-0017"
 */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}${ELLIPSIS}${text.slice(-end)}`;
}

/** @param rows cells of the same number; characters of one column each @returns lines without spaces at their end */
export function columns(rows: readonly (readonly string[])[], widths: readonly number[] = widthsOf(rows)): string {
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** @returns of each column its widest cell */
export const widthsOf = (rows: readonly (readonly string[])[]): number[] =>
  (rows[0] ?? []).map((_, at) => rows.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), 0));
