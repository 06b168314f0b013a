import { readFileSync } from "node:fs";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../tools/cache.ts";
import { ensureLinters } from "../../tools/setup/linters.ts";

/** Runs a tool at the repository's root; its whole output is the failure's message. */
async function passes(program: string, args: readonly string[]): Promise<void> {
  const { all, exitCode, shortMessage } = await execa(program, args, {
    cwd: ROOT,
    all: true,
    reject: false,
    preferLocal: true,
    stdin: "ignore",
  });
  expect(exitCode, `${shortMessage}\n${all}`).toBe(0);
}

describe("gates", () => {
  it("types: tsc, strictest", () => passes("tsc", ["--noEmit"]));
  it("lint: oxlint with types", () => passes("oxlint", ["--type-aware", "--deny-warnings"]));
  it("format: prettier", () => passes("prettier", ["--check", "--log-level=warn", "."]));
  it("unused files, exports, dependencies: knip", () => passes("knip", ["--no-progress"]));
  it("python: ruff", async () => {
    const python = await ensureLinters();
    await passes(python, ["-m", "ruff", "check", "--no-cache", "."]);
    await passes(python, ["-m", "ruff", "format", "--check", "--no-cache", "."]);
  });
  it("C9 (python/cpython#80208): the kit uses nothing that is newer than python 3.8", async () =>
    passes(await ensureLinters(), [
      "-c",
      "from vermin.main import main; main()",
      "--target=3.8-",
      "--no-tips",
      "-vv",
      "guest-agent/kit",
    ]));
  it("python: mypy --strict", async () =>
    passes(await ensureLinters(), ["-m", "mypy", "--strict", "--cache-dir=.cache/mypy", "guest-agent/kit"]));

  it("install scripts: exactly those of @pulumi/command, of @pulumi/pulumi's protobufjs and of esbuild, and npm never runs them", () => {
    const lock = JSON.parse(readFileSync(`${ROOT}/package-lock.json`, "utf8")) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const scripts = Object.entries(lock.packages).filter(([, p]) => p.hasInstallScript);
    expect(scripts.map(([name]) => name)).toEqual([
      "node_modules/@pulumi/command",
      "node_modules/esbuild",
      "node_modules/protobufjs",
    ]);
    expect(readFileSync(`${ROOT}/.npmrc`, "utf8")).toContain("ignore-scripts=true");
  });

  it("dependencies are pinned to exact versions", async () => {
    const { stdout } = await execa("git", ["ls-files", "package.json", "*/package.json"], { cwd: ROOT });
    for (const file of stdout.split("\n")) {
      const manifest = JSON.parse(readFileSync(`${ROOT}/${file}`, "utf8")) as Record<
        string,
        Record<string, string> | undefined
      >;
      for (const kind of ["dependencies", "devDependencies", "optionalDependencies"])
        for (const [name, version] of Object.entries(manifest[kind] ?? {}))
          expect(`${file} ${name} ${version}`).toMatch(/ \d+\.\d+\.\d+$/);
    }
  });

  it("source files have at most 400 lines", async () => {
    const { stdout } = await execa("git", ["ls-files", "*.ts", "*.mjs", "*.py", "*.sh", "*.c"], { cwd: ROOT });
    const long = stdout.split("\n").filter((file) => readFileSync(`${ROOT}/${file}`, "utf8").split("\n").length > 401);
    expect(long).toEqual([]);
  });
});
