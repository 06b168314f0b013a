import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAMS = [
  ["bootseed", "seeder/cli/main.ts"],
  ["bootseed-host", "hwrng-host/main.ts"],
  ["local-cloud", "local-cloud/main.ts"],
] as const;

/** What bash offers after these words, by the script that the program prints. */
function offered(name: string, main: string, ...words: string[]): string[] {
  const { stdout, status, stderr } = spawnSync(process.execPath, [join(ROOT, main), "completion", "bash"], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  const ask = `COMP_WORDS=(${[name, ...words].map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length}
_${name.replaceAll("-", "_")}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync("bash", ["-c", `${stdout}\n${ask}`], { encoding: "utf8", cwd: import.meta.dirname });
  expect(bash.stderr).toBe("");
  return bash.stdout.trim().split("\n");
}

describe.each(PROGRAMS)("completion bash of %s", (name, main) => {
  it("offers every command and its options, below the words that are there", () => {
    const first = offered(name, main, "");
    expect(first).toEqual(expect.arrayContaining(["completion", "--help"]));
    for (const command of first.filter((word) => !word.startsWith("-")))
      expect(offered(name, main, command, "--he")).toEqual(["--help"]);
  }, 60_000);
});

it("goes below a command, over its options, and offers files where nothing fits", () => {
  const [, [name, main]] = PROGRAMS;
  expect(offered(name, main, "join-token", "")).toEqual(["add", "ls", "revoke", "--help"]);
  expect(offered(name, main, "join-token", "add", "--name", "db-1", "--st")).toEqual(["--stack"]);
  expect(offered(name, main, "backup", "--out", "completion.t")).toEqual(["completion.test.ts", "completion.ts"]);
});
