import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ROOT, type Progress } from "../cache.ts";

const TAGGED = "3.259.0";
const SOURCE = join(ROOT, "tools/pulumi/engine");

/** What decides the built engine. */
export const ENGINE_RECIPE: readonly string[] = [TAGGED, readFileSync(join(SOURCE, "go.mod"), "utf8")];

/**
 * Compiles the tagged engine and CLI from Go modules to the file `out`: about 150 s on 2 cores, 110 MB.
 *
 * @throws {Error} without Go ≥ 1.25, saying what to install.
 */
export async function buildEngine(out: string, say: Progress): Promise<void> {
  const go = await execa("go", ["env", "GOVERSION"], { reject: false });
  const minor = Number(/^go1\.(\d+)/.exec(go.failed ? "" : go.stdout)?.[1] ?? 0);
  if (minor < 25)
    throw new Error(
      `expected a recent pulumi on PATH, or Go ≥ 1.25 to build one, got ${go.failed ? "neither" : go.stdout}: install Pulumi (https://www.pulumi.com/docs/install/) or Go (https://go.dev/dl/), then run this again.`,
    );
  const source = `${out}-source`;
  mkdirSync(source);
  for (const file of ["go.mod", "go.sum"]) copyFileSync(join(SOURCE, file), join(source, file));
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${TAGGED}`;
  const args = ["build", "-mod=readonly", "-o", out, "-ldflags", flags, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"];
  const began = Date.now();
  const report = (): void =>
    say(`compiling pulumi ${TAGGED}: ${Math.round((Date.now() - began) / 1000)} s (about 150 s on 2 cores)`);
  const tick = setInterval(report, 20_000);
  try {
    await execa("go", args, { cwd: source, stdin: "ignore" });
  } finally {
    clearInterval(tick);
  }
  rmSync(source, { recursive: true });
}
