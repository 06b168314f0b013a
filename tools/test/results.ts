import type { Facts } from "./facts.ts";

/** What of vitest's JSON report is read here: the format of Jest's. */
export interface Report {
  readonly testResults: readonly {
    /** absolute path */
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

export interface Test {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** why it failed; empty where it did not */
  readonly message: string;
}

/** One test file after one run. */
export interface TestFile {
  /** relative to the repository */
  readonly path: string;
  readonly project: string;
  readonly seconds: number;
  readonly tests: readonly Test[];
  /** what failed outside of its tests: import, hooks, errors that no test caught, a worker that was killed */
  readonly errors: readonly string[];
}

export interface Run {
  readonly files: readonly TestFile[];
  /** errors that vitest assigns to no file */
  readonly loose: readonly string[];
  /** what test files print about prerequisites: `skipped: …`, `used: …` */
  readonly notes: readonly string[];
}

/** Joins vitest's report with the facts of the same run. */
export function readRun(report: Report, facts: Facts, root: string): Run {
  const known = new Set(report.testResults.map(({ name }) => name));
  const files = report.testResults.map(({ name, status, message, assertionResults }): TestFile => {
    const module = facts.modules.find(({ file }) => file === name);
    const tests = assertionResults.map((each): Test => ({
      name: each.fullName,
      status: each.status === "passed" || each.status === "failed" ? each.status : "skipped",
      message: each.status === "failed" ? (each.failureMessages?.[0] ?? "") : "",
    }));
    const errors = [
      ...(module?.errors ?? []),
      ...facts.unhandled.filter(({ file }) => file === name).map((error) => error.message),
    ];
    const unexplained = status === "failed" && errors.length === 0 && tests.every((test) => test.status !== "failed");
    return {
      path: name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name,
      project: module?.project ?? "",
      seconds: module?.seconds ?? 0,
      tests,
      errors: unexplained ? [message || "vitest gives no reason"] : errors,
    };
  });
  const loose = facts.unhandled.filter(({ file }) => file === undefined || !known.has(file));
  return { files, loose: loose.map(({ message }) => message), notes: facts.notes };
}

export const hasFailed = (file: TestFile): boolean =>
  file.errors.length > 0 || file.tests.some(({ status }) => status === "failed");
