import { readFileSync } from "node:fs";
import { execa } from "execa";
import { expect, it } from "vitest";
import { ROOT } from "../../tools/cache.ts";

const PAGE = "docs/cases.md";
const TITLE = /["'`]C(\d+)[:( ]/g;

/** Numbers at the start of test titles, of all test files. */
async function numbersInTests(): Promise<Set<number>> {
  const patterns = ["*.test.ts", "*-suite.ts", "*.long.ts", "*/test_*.py", "*-rows.ts"];
  const { stdout } = await execa("git", ["ls-files", ...patterns], { cwd: ROOT });
  const texts = stdout.split("\n").map((file) => readFileSync(`${ROOT}/${file}`, "utf8"));
  return new Set(texts.flatMap((text) => [...text.matchAll(TITLE)].map(([, number]) => Number(number))));
}

it("every case in docs/cases.md has a test, and every numbered test has a row", async () => {
  const rows = [...readFileSync(`${ROOT}/${PAGE}`, "utf8").matchAll(/^\| C(\d+) /gm)].map(([, number]) =>
    Number(number),
  );
  expect(rows.length).toBeGreaterThan(20);
  expect([...(await numbersInTests())].toSorted((a, b) => a - b)).toEqual(rows);
});
