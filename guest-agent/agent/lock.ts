/** One program at a time: the kit's lock, flock(2) on /var/lib/bootseed/lock. Node has no flock; util-linux does. */
import { BootseedError } from "@bootseed/protocol";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

const WAIT_SECONDS = 60;

/**
 * The lock belongs to the open file, which `flock` inherits and we keep: it lasts until the return value is called or this
 * process ends, however it ends.
 * @throws BootseedError "unavailable" when another program holds it for a minute, "io" when the file cannot be opened
 */
export function takeLock(stateDir: string): () => void {
  let file: number;
  try {
    file = openSync(`${stateDir}/lock`, "a", 0o600);
  } catch (cause) {
    const message = `cannot open ${stateDir}/lock: ${(cause as Error).message}: run as root, or by the agent's units`;
    throw new BootseedError("io", message, { cause });
  }
  const ran = spawnSync("flock", ["-w", String(WAIT_SECONDS), "3"], { stdio: ["ignore", "ignore", "ignore", file] });
  if (ran.status === 0) return () => closeSync(file);
  closeSync(file);
  if (ran.error !== undefined)
    throw new BootseedError("io", "cannot run flock: install util-linux", { cause: ran.error });
  throw new BootseedError("unavailable", `another bootseed program has been at work for ${WAIT_SECONDS} s: try again`);
}
