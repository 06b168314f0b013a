import { execa } from "execa";
import { expect, it } from "vitest";
import { ROOT } from "../cache.ts";
import { unknownOption } from "./options.ts";

it.each([
  [["tests/vm", "-t", "a name", "--reporter=dot"], undefined],
  [["--testTimeout", "5", "--test-timeout=5", "--no-file-parallelism", "--no-color", "--coverage.enabled"], undefined],
  [["tests/vm", "--bogus"], "--bogus"],
  [["--bogus=1"], "--bogus=1"],
])("the first unknown option of %j is %j", async (words, expected) => {
  expect(await unknownOption(words)).toBe(expected);
});

it("npm test refuses an unknown option before its set-up", async () => {
  const ran = await execa(process.execPath, ["tools/test/main.ts", "--bogus"], { cwd: ROOT, reject: false, all: true });
  expect([ran.exitCode, ran.all]).toEqual([
    64,
    "npm test: vitest has no option --bogus: `npx vitest --help` lists them",
  ]);
});
