import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { imageBuilder } from "../bootstrap.mjs";
import { artifact, ROOT, type Progress } from "../cache.ts";

const SCRIPT = join(ROOT, "tools/image/image.sh");
const USER_SCRIPT = join(ROOT, "tools/image/image-user.sh");
/** Debian's releases of which there is an image, by the slug that DigitalOcean gives to its like. */
export const IMAGES = { "debian-12-x64": "bookworm", "debian-13-x64": "trixie" } as const;
export type ImageSlug = keyof typeof IMAGES;

/**
 * A stock Debian cloud image as the folder that holds `base.qcow2`, `vmlinuz`, `initrd` and `packages.txt`. About a minute the first time,
 * for which root, user namespaces or sudo are needed; nothing is needed once it is there.
 *
 * @example const image = await ensureImage(console.error, "debian-13-x64");
 */
export async function ensureImage(progress?: Progress, slug: ImageSlug = "debian-12-x64"): Promise<string> {
  const suite = IMAGES[slug];
  // Debian 12's has no number, so that one that is already built stays in use
  const name = slug === "debian-12-x64" ? "image" : `image-${slug.replace("-x64", "")}`;
  const build = (dir: string, report: Progress): Promise<void> => buildImage(dir, suite, report);
  return artifact({ name, recipe: [readFileSync(SCRIPT, "utf8"), suite], build }, progress);
}

async function buildImage(dir: string, suite: string, progress: Progress): Promise<void> {
  const sources = await debianSources(suite);
  const builder = imageBuilder();
  if (builder === "sudo") progress("needs root to unpack a Debian system: sudo may ask for your password");
  const [command, ...args] = {
    root: ["sh", SCRIPT],
    namespace: ["sh", USER_SCRIPT],
    sudo: ["sudo", "sh", SCRIPT],
  }[builder];
  const child = spawn(String(command), [...args, dir, suite], { stdio: ["pipe", "pipe", "pipe"] });
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
 * Package sources for a Debian release, one `deb …` line each: the sites from which apt has this machine's own lists of Debian 12 or 13, so
 * that whatever mirror or proxy the operator chose serves the guest image too.
 *
 * @throws Error when apt has lists of neither
 */
export async function debianSources(suite: string): Promise<string> {
  const { stdout } = await promisify(execFile)("apt-get", [
    "indextargets",
    "--format",
    "deb $(SITE) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const own = stdout.split("\n").filter((line) => /^deb \S+ (bookworm|trixie)(-updates|-security)? main$/.test(line));
  const lines = [...new Set(own.map((line) => line.replace(/ (bookworm|trixie)/, ` ${suite}`)))];
  if (!lines.some((line) => line.endsWith(` ${suite} main`))) {
    throw new Error("apt has no package lists of Debian 12 or 13: run `apt-get update` on such a machine, then again");
  }
  return `${lines.join("\n")}\n`;
}
