// runSuite with the real vitest on small projects in a temporary folder.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ROOT } from "../cache.ts";

const CONFIG = `const project = (name, groupOrder) => ({
  test: { name, include: [name + "/*.test.ts"], maxWorkers: 2, sequence: { groupOrder } },
});
export default { test: { projects: ["unit", "drills", "vm"].map(project) } };
`;
/** True in the first run of a file only. */
const FIRST = `import { existsSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
const marker = import.meta.filename + ".ran";
const first = !existsSync(marker);
writeFileSync(marker, "");
`;
const ONCE = `${FIRST}it("is late\\nonce", () => { expect(first, "too late").toBe(false); });\n`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-suite-"));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const name of ["unit", "drills", "vm"]) mkdirSync(join(root, name));
  write("package.json", '{ "type": "module" }');
  write("vitest.config.ts", CONFIG);
  write("unit/green.test.ts", `${FIRST}it("adds", () => {}); it.skip("rests", () => {});\n`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
const log = (): string => readFileSync(join(root, "flaky.log"), "utf8");

interface Suite {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly count: string | undefined;
}
async function suite(...words: string[]): Promise<Suite> {
  const options = JSON.stringify({ root, cache: root, projects: ["unit", "drills", "vm"], words });
  const program = `import { runSuite } from ${JSON.stringify(join(import.meta.dirname, "run.ts"))};
    process.exit(await runSuite(${options}, (line) => process.stderr.write(line + "\\n")));`;
  const env = {
    CI: undefined,
    VITEST: undefined,
    VITEST_WORKER_ID: undefined,
    VITEST_POOL_ID: undefined,
    NO_COLOR: "1",
  };
  const ran = await execa(process.execPath, ["--input-type=module", "-e", program], { reject: false, env });
  return { code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr, count: ran.stdout.split("\n").at(-1) };
}

it("a test that fails the first time only is flaky: the run is green, and output, report and log name it", async () => {
  write("vm/once.test.ts", ONCE);
  write("vm/other.test.ts", `${FIRST}it("boots", () => { expect(first).toBe(true); });\n`);
  const { code, stdout, stderr, count } = await suite();
  expect([code, count]).toEqual([0, "3 passed, 0 failed, 1 skipped"]);
  expect(stdout).toMatch(/^slowest files:\n( +\d+\.\d s {2}(vm|unit)\/\w+\.test\.ts\n){3}\nflaky: vm\/once/m);
  expect(stdout).toMatch(/^flaky: vm\/once\.test\.ts: is late\\nonce\nAssertionError: too late: expected true .*\n/m);
  // vm/other.test.ts would fail if it ran again
  expect(stderr).toContain("running 1 of the failed files once more, alone: vm/once.test.ts\n");
  const report = JSON.parse(readFileSync(join(root, "test-report.json"), "utf8")) as Record<string, unknown>;
  expect(report).toMatchObject({
    success: true,
    numPassedTests: 3,
    numFailedTests: 0,
    flaky: [{ path: "vm/once.test.ts", name: "is late\nonce", first: expect.stringContaining("too late") as string }],
  });
  expect(log()).toMatch(/^20[^\t]*\tflaky: vm\/once\.test\.ts: is late\\nonce\tAssertionError: too late: .*\n$/);
});

it("a test that fails always is red, with both messages", async () => {
  write("drills/red.test.ts", `${FIRST}it("pulls", () => { expect(first ? "one" : "two").toBe("three"); });\n`);
  const { code, stdout, count } = await suite();
  expect([code, count]).toEqual([1, "1 passed, 1 failed, 1 skipped"]);
  expect(stdout).toMatch(
    /^FAILED drills\/red\.test\.ts: pulls\n.*expected 'one' to be 'three'[^]*\n… in the second run, alone:\n.*expected 'two'/m,
  );
  expect(log()).toBe("");
});

it("a unit test is never repeated", async () => {
  write("unit/once.test.ts", ONCE);
  const { code, stdout, stderr, count } = await suite();
  expect([code, count]).toEqual([1, "1 passed, 1 failed, 1 skipped"]);
  expect(stdout).not.toContain("flaky:");
  expect(stderr).not.toContain("once more");
});

it("three flaky files are red, and each kind of failure outside of tests is repeated", async () => {
  write("vm/import.test.ts", `${FIRST}if (first) throw new Error("no image");\nit("a", () => {});\n`);
  write(
    "vm/hook.test.ts",
    `${FIRST}describe("d", () => { beforeAll(() => { if (first) throw new Error("no VM"); }); it("a", () => {}); });\n`,
  );
  write("vm/killed.test.ts", `${FIRST}it("a", () => { if (first) process.kill(process.pid, "SIGKILL"); });\n`);
  write(
    "vm/late.test.ts",
    `${FIRST}it("a", async () => { if (first) void Promise.reject(new Error("late")); await new Promise((r) => setTimeout(r, 50)); });\n`,
  );
  const { code, stdout, count } = await suite();
  const flaky = stdout.split("\n").filter((line) => line.startsWith("flaky: "));
  expect(flaky.toSorted()).toEqual(
    ["hook", "import", "killed", "late"].map((name) => `flaky: vm/${name}.test.ts: (outside of its tests)`),
  );
  for (const message of ["no image", "no VM", "late", "Worker exited unexpectedly with signal SIGKILL"])
    expect(stdout.slice(stdout.indexOf("slowest files:"))).toContain(message);
  expect(stdout).toContain("FAILED 4 files are flaky: 3 or more fail the run\n");
  expect([code, count]).toEqual([1, "5 passed, 1 failed, 1 skipped"]);
});

it("the end of the output has each missing prerequisite once", async () => {
  for (const name of ["a", "b"])
    write(
      `unit/${name}.test.ts`,
      `${FIRST}import { prerequisite } from ${JSON.stringify(join(ROOT, "tests/prerequisite.ts"))};
       it.skipIf(!prerequisite(false, "expected root"))("mounts", () => {});\n`,
    );
  const { code, stdout, count } = await suite();
  expect([code, count]).toEqual([0, "1 passed, 0 failed, 3 skipped"]);
  expect(stdout.slice(stdout.indexOf("slowest files:")).match(/^skipped: .*/gm)).toEqual(["skipped: expected root"]);
});

it("of the user's words a filter is the first run's alone, and -t both runs'", async () => {
  write("vm/once.test.ts", `${ONCE}it("other", () => { expect(first, "not asked for").toBe(true); });\n`);
  const { code, stdout, count } = await suite("vm/", "-t", "late", "--shard=1/1", "--reporter=dot");
  expect([code, count]).toEqual([0, "1 passed, 0 failed, 1 skipped"]);
  expect(stdout).not.toContain("not asked for");
});

it("failures of the first run stand where the second run crashes", async () => {
  write(
    "vitest.config.ts",
    `${CONFIG}if (process.argv.includes("--maxWorkers=1")) process.kill(process.pid, "SIGKILL");\n`,
  );
  write("vm/once.test.ts", ONCE);
  const { code, stdout, stderr, count } = await suite();
  expect([code, count]).toEqual([1, "1 passed, 1 failed, 1 skipped"]);
  expect(stdout).toContain("FAILED vm/once.test.ts: is late\\nonce\n");
  expect(stderr).toContain("the second run ended with SIGKILL and left no report");
});

it.each([
  ["is killed", 'process.kill(process.pid, "SIGKILL");', "SIGKILL"],
  ["cannot read its config", 'throw new Error("no config");', "1"],
])("a run whose vitest %s fails, whatever an older run left", async (_, line, ended) => {
  write("vitest.config.ts", `${CONFIG}${line}\n`);
  write("test-report.json", '{ "testResults": [] }');
  write("test-facts.json", '{ "modules": [], "unhandled": [] }');
  const { code, stdout, count } = await suite();
  expect([code, count]).toEqual([1, "0 passed, 1 failed, 0 skipped"]);
  expect(stdout).toContain(`FAILED vitest ended with ${ended} and left no report of its tests: see above\n`);
});

it("a filter that matches no file fails", async () => {
  const { code, stdout, count } = await suite("no-such-file");
  expect([code, count]).toEqual([1, "0 passed, 1 failed, 0 skipped"]);
  expect(stdout).toMatch(/^FAILED vitest ended with 1/m);
});
