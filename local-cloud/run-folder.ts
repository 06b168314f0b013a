import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a run folder holds of a cloud that runs; `start` adds `log`, which stays. */
const OURS = ["droplets", "api", "pid"];

/** Where a cloud that was started in the background writes its events and requests. */
export function logFileOf(dir: string): string {
  return join(dir, "log");
}

/**
 * Takes the run folder, unless a living local-cloud has it; what a dead one left behind is removed.
 *
 * @returns lets go of it
 * @throws Error that names the holder
 */
export function claimFolder(dir: string): () => void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const holder = holderOf(dir);
  if (holder !== undefined && holder !== process.pid) {
    throw new Error(`${dir} is in use by the local-cloud with pid ${holder}: stop it, or choose another --dir`);
  }
  const clear = (): void => {
    for (const name of OURS) rmSync(join(dir, name), { recursive: true, force: true });
  };
  clear();
  writeFileSync(join(dir, "pid"), `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o600 });
  return () => {
    // unless someone removed the folder under us and another cloud lives there now
    if (holderOf(dir) === process.pid) clear();
  };
}

/** The living local-cloud that has the folder. Its pid alone would do for a stranger's process that got the number after a crash. */
export function holderOf(dir: string): number | undefined {
  const file = join(dir, "pid");
  const [pid = "", start] = existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
  return start !== undefined && startOf(Number(pid)) === start ? Number(pid) : undefined;
}

/** When a process started, in ticks since this machine's boot; empty if there is none. */
function startOf(pid: number): string {
  try {
    // "pid (name) S …": the name may hold anything, so count from its last bracket; field 22 is the start
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
