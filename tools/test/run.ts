import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { parseCLI } from "vitest/node";
import type { Facts } from "./facts.ts";
import { failureLines, flakyLines, flakyLog, slowestLines } from "./lines.ts";
import { notRepeated, outcome, toRepeat } from "./rerun.ts";
import { hasFailed, readRun, type Report, type Run } from "./results.ts";

const REPORTER = join(import.meta.dirname, "facts.ts");

export interface Suite {
  /** folder of vitest.config.ts, absolute */
  readonly root: string;
  /** folder for test-report.json and flaky.log, absolute; must exist */
  readonly cache: string;
  readonly projects: readonly string[];
  /** the user's words for vitest: filters and options */
  readonly words: readonly string[];
}

interface Ran {
  readonly run: Run | undefined;
  readonly report: object;
  /** exit code or signal */
  readonly ended: number | string;
}

/**
 * Runs the suite, then the failed files of drills, engine and vm once more, alone. Prints vitest's output, the slowest files, flaky tests,
 * failures, and as the last line `N passed, N failed, N skipped`. Writes test-report.json (with `flaky`) and appends to flaky.log.
 *
 * @param say prints one line of progress
 * @returns exit code: 0, or 1 where a test failed twice, three files are flaky, or vitest failed otherwise
 */
export async function runSuite(suite: Suite, say: (line: string) => void): Promise<number> {
  const report = join(suite.cache, "test-report.json");
  const first = await vitest(suite, suite.projects, suite.words, report);
  const second = first.run === undefined ? undefined : await repeat(suite, first.run, say);
  const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join("\n")}\n`);
  if (first.run === undefined) {
    print(["", `FAILED vitest ended with ${first.ended} and left no report of its tests: see above`]);
    print(["0 passed, 1 failed, 0 skipped"]);
    return 1;
  }
  const result = outcome(first.run, second?.run);
  const reasons = [...result.reasons, ...unexplained(first), ...(second?.run === undefined ? [] : unexplained(second))];
  print(["", "slowest files:", ...slowestLines(first.run)]);
  if (first.run.notes.length > 0) print(["", ...first.run.notes]);
  if (result.flaky.length > 0) print(["", ...flakyLines(result.flaky)]);
  if (result.failed > 0) print(["", ...failureLines(result.failures)]);
  if (reasons.length > 0) print(["", ...reasons.map((reason) => `FAILED ${reason}`)]);
  print([""]);
  appendFileSync(join(suite.cache, "flaky.log"), flakyLog(result.flaky, new Date()));
  const red = result.failed > 0 || reasons.length > 0;
  // A failure that belongs to no test counts as one, so that the last line and the exit code never disagree.
  const failed = red ? Math.max(1, result.failed) : 0;
  const whole = {
    ...first.report,
    // of both runs together; testResults are the first run's
    success: !red,
    numPassedTests: result.passed,
    numFailedTests: failed,
    numPendingTests: result.skipped,
    flaky: result.flaky,
    ...(second === undefined ? {} : { repeated: second.report }),
  };
  writeFileSync(report, `${JSON.stringify(whole)}\n`);
  say(red ? "red: see above" : "all green");
  print([`${result.passed} passed, ${failed} failed, ${result.skipped} skipped`]);
  return red ? 1 : 0;
}

/** Why a run ended as it did where no failure explains it: vitest ends with 1 for failures. */
function unexplained({ ended, run }: Ran): string[] {
  const explained =
    ended === 0 || (ended === 1 && run !== undefined && (run.loose.length > 0 || run.files.some(hasFailed)));
  return explained ? [] : [`vitest ended with ${ended}, which no failed test explains: see above`];
}

/** The second run, or undefined where nothing is to be repeated. */
async function repeat(suite: Suite, run: Run, say: (line: string) => void): Promise<Ran | undefined> {
  const { paths, projects } = toRepeat(run);
  const why = notRepeated(run);
  if (why !== undefined) say(why);
  if (paths.length === 0) return undefined;
  say(`running ${paths.length} of the failed files once more, alone: ${paths.join(" ")}`);
  const report = join(suite.cache, "test-report-again.json");
  const words = [...paths.map((path) => join(suite.root, path)), "--maxWorkers=1", "--no-file-parallelism"];
  const again = await vitest(suite, projects, [...words, ...keptWords(suite.words)], report);
  rmSync(report, { force: true });
  if (again.run === undefined)
    say(`the second run ended with ${again.ended} and left no report: the failures of the first run stand`);
  return again;
}

/** Of the user's words those that change how a test runs. Filters, shards and reporters are the first run's alone. */
function keptWords(words: readonly string[]): string[] {
  const { options } = parseCLI(["vitest", "run", ...words]);
  const kept = ["testNamePattern", "testTimeout", "hookTimeout"] as const;
  return kept.flatMap((name) => (options[name] === undefined ? [] : [`--${name}=${String(options[name])}`]));
}

async function vitest(
  suite: Suite,
  projects: readonly string[],
  words: readonly string[],
  report: string,
): Promise<Ran> {
  const facts = join(suite.cache, "test-facts.json");
  for (const old of [report, facts]) rmSync(old, { force: true });
  const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`, `--reporter=${REPORTER}`];
  const { exitCode, signal, shortMessage } = await execa(
    "vitest",
    ["run", ...projects.map((project) => `--project=${project}`), ...reporters, ...words],
    {
      cwd: suite.root,
      preferLocal: true,
      localDir: import.meta.dirname,
      stdio: ["ignore", "inherit", "inherit"],
      env: { BOOTSEED_TEST_FACTS: facts },
      reject: false,
    },
  );
  const ended = exitCode ?? signal ?? String(shortMessage);
  try {
    const parsed = JSON.parse(readFileSync(report, "utf8")) as Report;
    return {
      run: readRun(parsed, JSON.parse(readFileSync(facts, "utf8")) as Facts, suite.root),
      report: parsed,
      ended,
    };
  } catch {
    return { run: undefined, report: {}, ended };
  } finally {
    rmSync(facts, { force: true });
  }
}
