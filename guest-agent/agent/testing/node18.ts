/** Test aid: the oldest Node the agent runs on, installed on demand as a package of the registry. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The last of its line. */
const VERSION = "18.20.8";
const PREFIX = join(import.meta.dirname, "../../../.cache/node18");

/** @returns path of the program, or null where it cannot be installed */
export function node18(): string | null {
  const name = `node-linux-${process.arch}`;
  const program = join(PREFIX, "node_modules", name, "bin/node");
  if (existsSync(program)) return program;
  const words = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", PREFIX, `${name}@${VERSION}`];
  try {
    execFileSync("npm", words, { stdio: "ignore", timeout: 120_000 });
  } catch {
    return null;
  }
  return existsSync(program) ? program : null;
}
