import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colour on a terminal that wants it, plain text elsewhere (NO_COLOR is honoured). */
export const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

export const print = (line = ""): void => void process.stdout.write(`${line}\n`);

export const heading = (text: string): void =>
  print(`\n${paint("bold", `── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}`)}`);

export const ok = (text: string): void => print(`${paint("green", "✓")} ${text}`);

/** A table with columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    print(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd());
}

/** A boot as bars on one time axis: where each step came, in seconds since the guest kernel's start. */
export function timeline(steps: readonly (readonly [string, number])[]): void {
  const end = Math.max(1, ...steps.map(([, at]) => at));
  for (const [name, at] of steps) {
    const column = Math.round((at / end) * 50);
    print(
      `  ${at.toFixed(2).padStart(7)} s  ${name.padEnd(8)} ${paint("dim", "·".repeat(column))}${paint("cyan", "●")}`,
    );
  }
}

/** Sets lines off that another program said. */
export const quoted = (text: string): void => {
  for (const line of text.trimEnd().split("\n")) print(`  ${paint("dim", "│")} ${line}`);
};

const WAITING = /waiting for its report: .*?, (\d+) of/;

/** Shows an engine's output line by line as it comes, without its progress dots and with every fifth of its waiting lines. */
export function engineOutput(): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const waited = Number(WAITING.exec(line)?.[1] ?? 0);
      if (!/^(@ updating)?[.\s]*$/.test(line) && waited % 10 === 0) quoted(line);
    }
  };
}
