/** The kit's own tests, in python, on the interpreter that stands for the guest's. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("passes its python tests", { timeout: 300_000 }, () => {
  const run = spawnSync("/usr/bin/python3", ["-m", "unittest", "discover", "-s", join(import.meta.dirname, "tests")], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: join(import.meta.dirname, "kit"), PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect(run.error).toBeUndefined();
  expect(run.status, run.stderr).toBe(0);
  expect(run.stderr).toMatch(/Ran [1-9]\d+ tests/);
});
