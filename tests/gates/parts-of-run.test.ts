import { readFileSync } from "node:fs";
import { execa } from "execa";
import { expect, it } from "vitest";
import { ROOT } from "../../tools/cache.ts";

it("no test asks for the engine's parts again: all tests of a run stand on those that its set-up found", async () => {
  const { stdout } = await execa("git", ["ls-files", "tests/**.ts", "*.test.ts", "*.long.ts"], { cwd: ROOT });
  const files = [...new Set(stdout.split("\n"))];
  const asks = /\bsetUp\(|\bensureEngine\([^()]*,\s*true\b/;
  const own = "tests/gates/parts-of-run.test.ts";
  expect(files.filter((file) => file !== own && asks.test(readFileSync(`${ROOT}/${file}`, "utf8")))).toEqual([]);
  expect(files).toContain("tests/vm/end-to-end.test.ts");
});
