/** The table in docs/pulumi.md that a test file's run made; a table that says something else than the run fails. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect } from "vitest";
import { ROOT } from "../engine.ts";

const DOCS = join(ROOT, "docs", "pulumi.md");

/** Seeds, counted from end to end. */
export interface Counts {
  /** Given out by the host: not stored there, and forgotten after 24 h. */
  readonly reserved: number;
  /** Taken for good, immediately before a droplet is created. */
  readonly committed: number;
  /** In the user-data of a droplet that the cloud made. */
  readonly used: number;
  /** By a machine that enrolled with it. */
  readonly claimed: number;
}

/** @example counts(2, 1) // two reserved, one committed, and that one in a machine which enrolled with it */
export const counts = (reserved: number, committed = 0, used: number = committed, claimed: number = used): Counts => ({
  reserved,
  committed,
  used,
  claimed,
});

/** One act and what was measured. */
export interface Row extends Counts {
  readonly what: string;
  readonly droplet: string;
}

const HEAD = ["what you do", "reserved", "committed", "used", "claimed", "the droplet"] as const;

/** Markdown as prettier would write it. */
export function render(rows: readonly Row[]): string {
  const cells = rows.map(({ what, reserved, committed, used, claimed, droplet }) =>
    [what, reserved, committed, used, claimed, droplet].map(String),
  );
  const widths = HEAD.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((c, i) => c.padEnd(widths[i] ?? 0)).join(" | ")} |\n`;
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("");
}

/**
 * Compares with the table between `<!-- matrix SECTION -->` and `<!-- matrix end -->`.
 *
 * @param file of the test, named with the command that rewrites the table
 */
export async function expectInDocs(section: string, rows: readonly Row[], file: string): Promise<void> {
  const docs = readFileSync(DOCS, "utf8");
  const [begin, end] = [`<!-- matrix ${section} -->\n`, "<!-- matrix end -->"];
  const from = docs.indexOf(begin);
  const to = docs.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`expected ${begin.trim()} … ${end} in docs/pulumi.md`);
  const wanted = `${docs.slice(0, from + begin.length)}\n${render(rows)}\n${docs.slice(to)}`;
  const rewrite = `npx vitest run --project engine ${relative(ROOT, file)} -u`;
  await expect(wanted, `docs/pulumi.md says something else than this run; to rewrite: ${rewrite}`).toMatchFileSnapshot(
    DOCS,
  );
}
