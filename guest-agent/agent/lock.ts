/** One program at a time: the kit's lock, flock(2) on /var/lib/bootseed/lock. Node has no flock; util-linux does. */
import { BootseedError } from "@bootseed/protocol";
import { childProcess } from "./lazy.ts";
import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync, statSync } from "node:fs";

const WAIT_SECONDS = 60;
/** Not through a link, which root would give away with `fchown`; and a pipe keeps nobody waiting. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The lock belongs to the open file, which `flock` inherits and we keep: it lasts until the return value is called or this
 * process ends, however it ends.
 * @throws BootseedError "unavailable" when another program holds it for `waitSeconds`, "io" when the file cannot be opened
 */
export function takeLock(stateDir: string, waitSeconds: number = WAIT_SECONDS): () => void {
  let file: number;
  try {
    file = openLock(stateDir);
  } catch (cause) {
    const message = `cannot open ${stateDir}/lock: ${(cause as Error).message}: run as root, or by the agent's units`;
    throw new BootseedError("io", message, { cause });
  }
  const ran = childProcess().spawnSync("flock", ["-w", String(waitSeconds), "3"], {
    stdio: ["ignore", "ignore", "ignore", file],
  });
  if (ran.status === 0) return () => closeSync(file);
  closeSync(file);
  if (ran.error !== undefined)
    throw new BootseedError("io", "cannot run flock: install util-linux", { cause: ran.error });
  throw new BootseedError("unavailable", `another bootseed program has been at work for ${waitSeconds} s: try again`);
}

/** Kit and agent share the file: whoever makes it, it belongs to whom the folder belongs. */
function openLock(stateDir: string): number {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = openSync(`${stateDir}/lock`, FLAGS, 0o600);
  const { uid, gid } = statSync(stateDir);
  const now = fstatSync(file);
  if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
  return file;
}
