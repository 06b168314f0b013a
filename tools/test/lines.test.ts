import { describe, expect, it } from "vitest";
import { failureLines, flakyLines, flakyLog, slowestLines } from "./lines.ts";

const path = "tests/vm/a.test.ts";

describe("failureLines", () => {
  it("names file and test, and gives the message without its stack", () => {
    const first =
      "Error: expected 1, got 2\nits console ends:\n  at 3 s\nlogin:\n    at f (/repo/x.ts:1:2)\n    at g (/repo/y.ts:3:4)";
    expect(failureLines([{ path, name: "reboots", first }])).toEqual([
      "FAILED tests/vm/a.test.ts: reboots",
      "Error: expected 1, got 2\nits console ends:\n  at 3 s\nlogin:",
    ]);
  });

  it("gives start and end of a long message", () => {
    const [, said] = failureLines([{ path, name: "reboots", first: `start${"x".repeat(50_000)}end` }]);
    expect(said).toMatch(/^startx+\n\[…\]\nx+end$/);
    expect(said?.length).toBeLessThan(2000);
  });

  it("gives the second message where there is one", () => {
    expect(failureLines([{ path, name: "reboots", first: "Error: a", second: "Error: b" }]).slice(1)).toEqual([
      "Error: a",
      "… in the second run, alone:",
      "Error: b",
    ]);
  });
});

describe("flakyLines", () => {
  it("names file and test on one line, whatever the name holds", () => {
    const [line, ...messages] = flakyLines([{ path, name: "reads 'a\nb\r\u001b[1m\u2028'", first: "Error: a\nb" }]);
    expect(line).toBe(String.raw`flaky: tests/vm/a.test.ts: reads 'a\nb\u000d\u001b[1m\u2028'`);
    expect(messages).toEqual(["Error: a\nb", "… passed in the second run, alone"]);
  });

  it("names the run in which a test passed", () => {
    expect(flakyLines([{ path, name: "reboots", second: "Error: b" }])).toEqual([
      "flaky: tests/vm/a.test.ts: reboots",
      "passed in the first run",
      "… in the second run:",
      "Error: b",
    ]);
  });
});

it("flakyLog has one line for each flaky test, with the date and the start of its message", () => {
  const flaky = [
    { path, name: "a\nb", first: `Error: a\nb${"x".repeat(1000)}\n    at f (/x.ts:1:2)` },
    { path, name: "c", second: "Error: c" },
  ];
  const lines = flakyLog(flaky, new Date(0)).split("\n");
  expect(lines.map((line) => line.slice(0, 85))).toEqual([
    String.raw`1970-01-01T00:00:00.000Z	flaky: tests/vm/a.test.ts: a\nb	Error: a\nbxxxxxxxxxxxxxxxxx`,
    "1970-01-01T00:00:00.000Z	flaky: tests/vm/a.test.ts: c	Error: c",
    "",
  ]);
  expect(lines[0]?.length).toBeLessThan(500);
});

it("slowestLines gives the ten slowest files, the slowest first", () => {
  const files = Array.from({ length: 12 }, (_, i) => ({
    path: `${i}.test.ts`,
    project: "vm",
    seconds: i * 10.06,
    tests: [],
    errors: [],
  }));
  const lines = slowestLines({ files, loose: [], notes: [] });
  expect(lines).toHaveLength(10);
  expect([lines[0], lines.at(-1)]).toEqual(["   110.7 s  11.test.ts", "    20.1 s  2.test.ts"]);
});
