import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { artifact, ROOT, type Progress } from "../cache.ts";

const SCRIPT = join(ROOT, "tools/image/image.sh");
const SUITE = "bookworm";

/**
 * The stock Debian 12 cloud image as the folder that holds `base.qcow2`, `vmlinuz`, `initrd` and `packages.txt`. About a minute the first
 * time, for which root or sudo is needed; nothing is needed once it is there.
 *
 * @example const image = await ensureImage(console.error);
 */
export async function ensureImage(progress?: Progress): Promise<string> {
  return artifact({ name: "image", recipe: [readFileSync(SCRIPT, "utf8"), SUITE], build: buildImage }, progress);
}

async function buildImage(dir: string, progress: Progress): Promise<void> {
  const sources = await debianSources();
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo"];
  if (asRoot.length > 0) progress("needs root to unpack a Debian system: sudo may ask for your password");
  const [command, ...args] = [...asRoot, "sh", SCRIPT, dir, SUITE];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const last: string[] = [];
  createInterface({ input: child.stdout }).on("line", progress);
  createInterface({ input: child.stderr }).on("line", (line) => last.push(line));
  child.stdin.end(sources);
  const status = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? String(signal)));
  });
  if (status !== 0)
    throw new Error(
      `image.sh ended with ${status}; run \`npm run setup\` if a program is missing. Its last words:\n${last.slice(-8).join("\n")}`,
    );
  for (const file of ["base.qcow2", "vmlinuz", "initrd", "packages.txt"]) {
    if (!existsSync(join(dir, file))) throw new Error(`image.sh left no ${file}`);
  }
}

/**
 * This machine's own package sources for Debian 12, one `deb …` line each, as apt sees them: whatever mirror or proxy the operator chose
 * serves the guest image too.
 *
 * @throws Error when apt has no lists for the suite
 */
async function debianSources(): Promise<string> {
  const { stdout } = await promisify(execFile)("apt-get", [
    "indextargets",
    "--format",
    "deb $(SITE) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const lines = [...new Set(stdout.split("\n"))].filter((line) =>
    /^deb \S+ bookworm(-updates|-security)? main$/.test(line),
  );
  if (!lines.some((line) => line.endsWith(` ${SUITE} main`))) {
    throw new Error(
      `apt has no package lists for Debian 12 (${SUITE} main): run \`apt-get update\` on a Debian 12 machine, then again`,
    );
  }
  return `${lines.join("\n")}\n`;
}
