// What is repeated after a run of the suite, and what the two runs together mean. Pure.
import { hasFailed, type Run, type Test, type TestFile } from "./results.ts";

/** Projects with real processes, kernels and deadlines, in which a loaded machine can fail a test by chance. */
const REPEATED = new Set(["drills", "engine", "vm"]);
/** More failed files than this are no chance, and would take hours one after the other. */
const MOST_REPEATED = 10;
/** This many flaky files fail the run. */
const TOO_FLAKY = 3;
/** Stands for a test's name where a file failed outside of its tests. */
const OUTSIDE = "(outside of its tests)";

/** A test that failed once and passed once, or a failure without a second pass. */
export interface Failure {
  /** relative to the repository; empty where vitest names none */
  readonly path: string;
  /** the test's full name, `(outside of its tests)`, or empty where vitest names none */
  readonly name: string;
  /** why it failed in the first run; absent where it passed then */
  readonly first?: string;
  /** why it failed in the second run; absent where it passed then, where it failed alike, or without a second run */
  readonly second?: string;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly flaky: readonly Failure[];
  readonly failures: readonly Failure[];
  /** one sentence each: why the run is red beside its failures */
  readonly reasons: readonly string[];
}

/** The files to run again: relative paths and the projects that they are in. Empty where nothing is, or where too many failed. */
export function toRepeat({ files }: Run): { readonly paths: readonly string[]; readonly projects: readonly string[] } {
  const failed = files.filter((file) => hasFailed(file) && REPEATED.has(file.project));
  const chosen = failed.length > MOST_REPEATED ? [] : failed;
  return { paths: chosen.map(({ path }) => path), projects: [...new Set(chosen.map(({ project }) => project))] };
}

/** Why failed files are not run again although their project allows it, or nothing. */
export function notRepeated({ files }: Run): string | undefined {
  const count = files.filter((file) => hasFailed(file) && REPEATED.has(file.project)).length;
  return count > MOST_REPEATED
    ? `${count} files failed: more than ${MOST_REPEATED} do not fail by chance, so none is repeated`
    : undefined;
}

/**
 * What one run means, or two, of which the second repeats only `toRepeat` of the first.
 *
 * @param second undefined where nothing was repeated, or where the second run left no report
 */
export function outcome(first: Run, second?: Run): Outcome {
  const flaky: Failure[] = [];
  const failures: Failure[] = [...first.loose, ...(second?.loose ?? [])].map((message) => ({
    path: "",
    name: "",
    first: message,
  }));
  const final: Test["status"][] = [];
  for (const file of first.files) {
    const again = hasFailed(file) ? second?.files.find(({ path }) => path === file.path) : undefined;
    const pairs = again === undefined ? file.tests.map((test) => [test, undefined] as const) : paired(file, again);
    for (const [before, after] of pairs) {
      const status = after === undefined ? (before?.status ?? "skipped") : together(before, after);
      final.push(status);
      const name = (before ?? after)?.name ?? "";
      const absent = again?.errors[0] ?? "it did not run";
      const failure = told(file.path, name, before, again === undefined ? undefined : (after ?? absent));
      if (status === "failed") failures.push(failure);
      else if (before?.status === "failed" || after?.status === "failed") flaky.push(failure);
    }
    if (file.errors.length === 0 && (again?.errors.length ?? 0) === 0) continue;
    const [was, is] = [file.errors[0], again?.errors[0]];
    const failure = {
      path: file.path,
      name: OUTSIDE,
      ...(was === undefined ? {} : { first: was }),
      ...(is === undefined || (was !== undefined && sameWords(was, is)) ? {} : { second: is }),
    };
    if (was !== undefined && (again === undefined || is !== undefined)) failures.push(failure);
    else flaky.push(failure);
  }
  const flakyFiles = new Set(flaky.map(({ path }) => path)).size;
  const count = (wanted: Test["status"]): number => final.filter((status) => status === wanted).length;
  return {
    passed: count("passed"),
    failed: failures.length,
    skipped: count("skipped"),
    flaky,
    failures,
    reasons: flakyFiles >= TOO_FLAKY ? [`${flakyFiles} files are flaky: ${TOO_FLAKY} or more fail the run`] : [],
  };
}

/** Tests of both runs side by side; of two with one name, the first with the first. Those that only the second run has come last. */
function paired(first: TestFile, again: TestFile): (readonly [Test | undefined, Test | undefined])[] {
  const rest = [...again.tests];
  const pairs = first.tests.map((test) => {
    const at = rest.findIndex(({ name }) => name === test.name);
    return [test, at === -1 ? undefined : rest.splice(at, 1)[0]] as const;
  });
  return [...pairs, ...rest.map((test) => [undefined, test] as const)];
}

/** One pass is enough where the other run failed; without a first run, the second alone decides. */
function together(before: Test | undefined, after: Test): Test["status"] {
  if (before?.status === "passed" || after.status === "passed") return "passed";
  return before?.status === "failed" || after.status === "failed" ? "failed" : "skipped";
}

/** @param after the test in the second run, why it is not there, or undefined without a second run */
function told(path: string, name: string, before: Test | undefined, after: Test | string | undefined): Failure {
  const first = before?.status === "failed" ? before.message : undefined;
  let second: string | undefined;
  if (typeof after === "string") second = after;
  else if (after?.status === "failed") second = after.message;
  else if (after?.status === "skipped") second = "it was skipped";
  return {
    path,
    name,
    ...(first === undefined ? {} : { first }),
    ...(second === undefined || (first !== undefined && sameWords(first, second)) ? {} : { second }),
  };
}

const sameWords = (a: string, b: string): boolean => withoutStack(a) === withoutStack(b);

/** A message without the lines of its stack at the end. */
export const withoutStack = (message: string): string => message.replace(/(\n +at [^\n]*)+\s*$/, "");
