import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ROOT, type Progress } from "../cache.ts";
import { ensureGo } from "./go.ts";

const TAGGED = "3.259.0";
const SOURCE = join(ROOT, "tools/pulumi/engine");

/** What decides the built engine. */
export const ENGINE_RECIPE: readonly string[] = [TAGGED, readFileSync(join(SOURCE, "go.mod"), "utf8")];

/** The least that the engine's go.mod asks for. */
const OLDEST_GO = /^go (\S+)$/m.exec(String(ENGINE_RECIPE[1]))?.[1] ?? "";

/**
 * Compiles the tagged engine and CLI from Go modules to the file `out`: 3 to 8 minutes on 2 cores, 110 MB.
 *
 * @throws {Error} where no Go toolchain can be had, or the modules cannot be fetched
 */
export async function buildEngine(out: string, say: Progress): Promise<void> {
  const go = await ensureGo(OLDEST_GO, say);
  const source = `${out}-source`;
  mkdirSync(source);
  for (const file of ["go.mod", "go.sum"]) copyFileSync(join(SOURCE, file), join(source, file));
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${TAGGED}`;
  // An ordinary user can remove such modules.
  const writable = go.work === undefined ? [] : ["-modcacherw"];
  const program = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
  const args = ["build", "-mod=readonly", ...writable, "-o", out, "-ldflags", flags, program];
  const began = Date.now();
  const report = (): void =>
    say(`compiling pulumi ${TAGGED}: ${Math.round((Date.now() - began) / 1000)} s (3 to 8 minutes on 2 cores)`);
  const tick = setInterval(report, 20_000);
  try {
    await execa(go.program, args, { cwd: source, stdin: "ignore", env: go.env });
  } finally {
    clearInterval(tick);
  }
  rmSync(source, { recursive: true });
  if (go.work !== undefined) rmSync(go.work, { recursive: true, force: true });
}
