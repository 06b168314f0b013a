/** What of vitest's JSON report is read here: the format of Jest's. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
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

const START = 400;
const END = 1200;

/**
 * Each failure once more, shortly, for the end of a long output: who sees only that, as in a CI's excerpt, still learns what broke.
 *
 * @returns lines: the file and the test, then its message; of a long one its start and its end, where consoles and logs say what happened
 */
export function failures(report: Report, root: string): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failed = assertionResults.filter((each) => each.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`FAILED ${file}`, clip(message)] : [];
    return failed.flatMap((each) => [`FAILED ${file}: ${each.fullName}`, clip(each.failureMessages?.[0] ?? "")]);
  });
}

function clip(message: string): string {
  const whole = message.replace(/(\n +at [^\n]*)+\s*$/, "");
  return whole.length <= START + END ? whole : `${whole.slice(0, START)}\n[…]\n${whole.slice(-END)}`;
}
