/** Finds the Pulumi engine that runs this program, by /proc: a child of an inline program's process, or an ancestor. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { EngineProcess } from "./seed-outputs.ts";

const words = (text: string): string[] => text.split("\0").slice(0, -1);

/** @returns the process if it is a `pulumi`; undefined if it is another program, or ended, or may not be read */
function engineAt(proc: string, pid: number): EngineProcess | undefined {
  try {
    const args = words(readFileSync(join(proc, String(pid), "cmdline"), "utf8"));
    if (basename(args[0] ?? "") !== "pulumi") return undefined;
    const variables = words(readFileSync(join(proc, String(pid), "environ"), "utf8"));
    const env = variables.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
    return { args, env: Object.fromEntries(env) };
  } catch {
    return undefined;
  }
}

/** @returns undefined for a process that is not there */
function parentOf(proc: string, pid: number): number | undefined {
  try {
    // The second field is the program's name, in parentheses, and may hold anything.
    const stat = readFileSync(join(proc, String(pid), "stat"), "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function childrenOf(proc: string, pid: number): number[] {
  try {
    const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((child) => parentOf(proc, child) === pid);
  } catch {
    return [];
  }
}

/**
 * @param proc where the kernel shows processes; other systems than Linux have none
 * @returns the engines that may be running this program: all children that are one, since a process that starts engines has
 * an inline program, also where another engine started it; without such a child, the nearest ancestor that is one. Empty where none can be seen, as on other systems, or where the engine is in another container
 */
export function enginesOf(pid: number, proc: string = "/proc"): EngineProcess[] {
  const children = childrenOf(proc, pid).flatMap((child) => engineAt(proc, child) ?? []);
  if (children.length > 0) return children;
  for (let at = parentOf(proc, pid); at !== undefined && at > 0; at = parentOf(proc, at)) {
    const engine = engineAt(proc, at);
    if (engine !== undefined) return [engine];
  }
  return [];
}
