/** Text for people: a table of rows, goals beside them. */
import type { Row } from "./row.ts";

const HEAD = ["what", "measured", "beside", "ratio", "goal", ""] as const;

/** Integers as they are, others to three significant digits, thousands separated: 8723.4 → "8,720"; 1155 → "1,155". */
export function readable(value: number): string {
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** @returns lines joined by line feeds, with one at the end; notes follow below the table */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    `${readable(row.value)} ${row.unit}`,
    row.against === undefined ? "" : `${row.against.what} ${readable(row.against.value)}`,
    row.ratio === undefined ? "" : row.ratio.toFixed(2),
    row.goal?.text ?? "",
    row.goal === undefined ? "" : row.goal.met ? "met" : "MISSED",
  ]);
  const widths = HEAD.map((name, i) => Math.max(name.length, ...cells.map((line) => (line[i] ?? "").length)));
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, i) => part.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  const notes = rows.flatMap((row) => (row.note === undefined ? [] : [`${row.what}: ${row.note}`]));
  const body = [line(HEAD), line(widths.map((width) => "─".repeat(width))), ...cells.map(line)];
  return `${[...body, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n")}\n`;
}
