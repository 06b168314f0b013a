import { describe, expect, it } from "vitest";
import { notRepeated, outcome, toRepeat } from "./rerun.ts";
import type { Run, Test, TestFile } from "./results.ts";

const passed = (name: string): Test => ({ name, status: "passed", message: "" });
const failed = (name: string, message = "Error: no"): Test => ({ name, status: "failed", message });
const skipped = (name: string): Test => ({ name, status: "skipped", message: "" });
const file = (path: string, project: string, tests: Test[], errors: string[] = []): TestFile => ({
  path,
  project,
  seconds: 1,
  tests,
  errors,
});
const run = (...files: TestFile[]): Run => ({ files, loose: [], notes: [] });
const vm = (tests: Test[], errors: string[] = []): Run => run(file("a.test.ts", "vm", tests, errors));

describe("toRepeat", () => {
  it("names failed files of drills, engine and vm, and no others", () => {
    const first = run(
      ...["gates", "unit", "drills", "engine", "vm", "long"].map((name) =>
        file(`${name}.test.ts`, name, [failed("x")]),
      ),
      file("green.test.ts", "vm", [passed("x"), skipped("y")]),
      file("hook.test.ts", "vm", [skipped("x")], ["Error: no VM"]),
    );
    expect(toRepeat(first)).toEqual({
      paths: ["drills.test.ts", "engine.test.ts", "vm.test.ts", "hook.test.ts"],
      projects: ["drills", "engine", "vm"],
    });
  });

  it("names none where more than ten failed, and says so", () => {
    const many = (n: number): Run =>
      run(...Array.from({ length: n }, (_, i) => file(`${i}.test.ts`, "vm", [failed("x")])));
    expect(toRepeat(many(10)).paths).toHaveLength(10);
    expect(notRepeated(many(10))).toBeUndefined();
    expect(toRepeat(many(11))).toEqual({ paths: [], projects: [] });
    expect(notRepeated(many(11))).toMatch(/^11 files failed: more than 10 /);
  });
});

describe("outcome", () => {
  it("without a failure counts as vitest does", () => {
    expect(outcome(vm([passed("x"), skipped("y")]))).toEqual({
      passed: 1,
      failed: 0,
      skipped: 1,
      flaky: [],
      failures: [],
      reasons: [],
    });
  });

  it("a test that passes the second time is flaky and counts as passed", () => {
    const result = outcome(vm([passed("x"), failed("y")]), vm([passed("x"), passed("y")]));
    expect(result).toMatchObject({ passed: 2, failed: 0, failures: [], reasons: [] });
    expect(result.flaky).toEqual([{ path: "a.test.ts", name: "y", first: "Error: no" }]);
  });

  it("a test that only fails the second time is flaky too, with that message", () => {
    const result = outcome(vm([failed("x"), passed("y")]), vm([passed("x"), failed("y", "Error: late")]));
    expect(result).toMatchObject({ passed: 2, failed: 0 });
    expect(result.flaky[1]).toEqual({ path: "a.test.ts", name: "y", second: "Error: late" });
  });

  it("a test that fails twice fails, with the second message only where it differs", () => {
    const twice = (a: string, b: string): unknown => outcome(vm([failed("x", a)]), vm([failed("x", b)])).failures;
    expect(twice("Error: no\n    at f (x.ts:1:2)", "Error: no\n    at g (y.ts:3:4)")).toEqual([
      { path: "a.test.ts", name: "x", first: "Error: no\n    at f (x.ts:1:2)" },
    ]);
    expect(twice("Error: no", "Error: other")).toEqual([
      { path: "a.test.ts", name: "x", first: "Error: no", second: "Error: other" },
    ]);
  });

  it.each([
    ["is skipped", [skipped("x")], [], "it was skipped"],
    ["does not exist", [], [], "it did not run"],
    ["is not reached", [], ["Error: no VM"], "Error: no VM"],
  ])("a failed test that %s the second time stays failed", (_, tests, errors, second) => {
    const result = outcome(vm([failed("x")]), vm(tests, errors));
    expect(result).toMatchObject({ passed: 0, failed: 1 });
    expect(result.failures).toEqual([{ path: "a.test.ts", name: "x", first: "Error: no", second }]);
  });

  it("failures of the first run stand where the second left no report", () => {
    expect(outcome(vm([failed("x")]))).toMatchObject({ passed: 0, failed: 1, flaky: [] });
    expect(outcome(vm([failed("x")]), run())).toMatchObject({ passed: 0, failed: 1, flaky: [] });
  });

  it("a file that fails before its tests and passes then is flaky, and its tests count", () => {
    const result = outcome(vm([skipped("x")], ["Error: no VM"]), vm([passed("x"), passed("y")]));
    expect(result).toMatchObject({ passed: 2, failed: 0, skipped: 0 });
    expect(result.flaky).toEqual([{ path: "a.test.ts", name: "(outside of its tests)", first: "Error: no VM" }]);
  });

  it("a file that fails before its tests twice is one failure", () => {
    const result = outcome(vm([skipped("x")], ["Error: no VM"]), vm([skipped("x")], ["Error: no disk"]));
    expect(result).toMatchObject({ passed: 0, failed: 1, skipped: 1, flaky: [] });
    expect(result.failures).toEqual([
      { path: "a.test.ts", name: "(outside of its tests)", first: "Error: no VM", second: "Error: no disk" },
    ]);
  });

  it("two tests of one name are kept apart", () => {
    const result = outcome(vm([passed("x"), failed("x")]), vm([passed("x"), failed("x")]));
    expect(result).toMatchObject({ passed: 1, failed: 1, flaky: [] });
  });

  it("three flaky files fail the run, two do not, however many tests they have", () => {
    const some = (n: number, tests: Test[]): Run =>
      run(...Array.from({ length: n }, (_, i) => file(`${i}.test.ts`, "vm", tests)));
    const flaky = (n: number): readonly string[] =>
      outcome(some(n, [failed("x"), failed("y")]), some(n, [passed("x"), passed("y")])).reasons;
    expect(flaky(2)).toEqual([]);
    expect(flaky(3)).toEqual(["3 files are flaky: 3 or more fail the run"]);
  });

  it("an error that belongs to no file is a failure, in either run", () => {
    const loose = { files: [], loose: ["Error: lost"], notes: [] };
    expect(outcome(loose).failures).toEqual([{ path: "", name: "", first: "Error: lost" }]);
    const later = { ...vm([passed("x")]), loose: ["Error: lost"] };
    expect(outcome(vm([failed("x")]), later)).toMatchObject({ passed: 1, failed: 1 });
  });
});
