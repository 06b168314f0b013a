// `npm test`: set-up, then vitest over all projects but `long` (--quick: gates and unit only; --long: `long` only). The last line is
// vitest's own count; each failure is said once more before it.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cacheRoot, ROOT } from "../cache.ts";
import { ensureLinters } from "../setup/linters.ts";
import { say, setUp } from "../setup/set-up.ts";
import { failures, type Report } from "./failures.ts";

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const long = args.includes("--long");
const projects = long ? ["long"] : quick ? ["gates", "unit"] : ["gates", "unit", "drills", "engine", "vm"];
mkdirSync(cacheRoot(), { recursive: true });
if (quick) await ensureLinters(say);
else if (!long) await setUp();

const report = join(cacheRoot(), "test-report.json");
rmSync(report, { force: true });
const { exitCode = 1 } = await execa(
  "vitest",
  [
    "run",
    ...projects.map((p) => `--project=${p}`),
    "--reporter=verbose",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...args.filter((a) => a !== "--quick" && a !== "--long"),
  ],
  { cwd: ROOT, preferLocal: true, stdio: ["ignore", "inherit", "inherit"], reject: false },
);
const counted = JSON.parse(readFileSync(report, "utf8")) as Report;
const failed = counted.numFailedTests || (exitCode === 0 ? 0 : Math.max(1, counted.numFailedTestSuites));
if (failed > 0) process.stdout.write(`\n${failures(counted, ROOT).join("\n")}\n\n`);
say(failed === 0 ? "all green" : "red: see above");
process.stdout.write(`${counted.numPassedTests} passed, ${failed} failed, ${counted.numPendingTests} skipped\n`);
process.exit(failed === 0 ? 0 : 1);
