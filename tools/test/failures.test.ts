import { describe, expect, it } from "vitest";
import { failures, type Report } from "./failures.ts";

const report = (testResults: Report["testResults"]): Report => ({
  numPassedTests: 1,
  numFailedTests: 1,
  numPendingTests: 0,
  numFailedTestSuites: 1,
  testResults,
});
const file = (status: string, message: string, tests: readonly (readonly [string, string, string?])[]) => ({
  name: "/repo/tests/vm/a.test.ts",
  status,
  message,
  assertionResults: tests.map(([fullName, result, said]) => ({
    fullName,
    status: result,
    failureMessages: said === undefined ? [] : [said],
  })),
});

describe("failures", () => {
  it("names file and test, and gives the message without its stack", () => {
    const said =
      "Error: expected 1, got 2\nits console ends:\n  at 3 s\nlogin:\n    at f (/repo/x.ts:1:2)\n    at g (/repo/y.ts:3:4)";
    expect(
      failures(
        report([
          file("failed", "", [
            ["boots", "passed"],
            ["reboots", "failed", said],
          ]),
        ]),
        "/repo",
      ),
    ).toEqual(["FAILED tests/vm/a.test.ts: reboots", "Error: expected 1, got 2\nits console ends:\n  at 3 s\nlogin:"]);
  });

  it("gives start and end of a long message", () => {
    const [, said] = failures(
      report([file("failed", "", [["reboots", "failed", `start${"x".repeat(50_000)}end`]])]),
      "/repo",
    );
    expect(said).toMatch(/^startx+\n\[…\]\nx+end$/);
    expect(said?.length).toBeLessThan(2000);
  });

  it("gives what a file said that failed before its tests", () => {
    const lines = failures(
      report([file("failed", "port taken", []), file("passed", "", [["boots", "passed"]])]),
      "/repo",
    );
    expect(lines).toEqual(["FAILED tests/vm/a.test.ts", "port taken"]);
  });
});
