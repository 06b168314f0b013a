/** Test aid: older Nodes that the agent runs on, installed on demand as packages of the registry. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The last of each line; 18 is the oldest that a guest may have. */
const VERSIONS = { 18: "18.20.8", 20: "20.20.2" } as const;

/** @returns path of the program, or null where it cannot be installed */
export function oldNode(line: keyof typeof VERSIONS): string | null {
  const prefix = join(import.meta.dirname, `../../../.cache/node${line}`);
  const name = `node-linux-${process.arch}`;
  const program = join(prefix, "node_modules", name, "bin/node");
  if (existsSync(program)) return program;
  const words = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", prefix];
  try {
    execFileSync("npm", [...words, `${name}@${VERSIONS[line]}`], { stdio: "ignore", timeout: 120_000 });
  } catch {
    return null;
  }
  return existsSync(program) ? program : null;
}
