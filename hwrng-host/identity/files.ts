/** Files of the state folder: written once or replaced whole, durable before they count, 0600. */
import {
  accessSync,
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";

/** Whose a new file is: the caller's; or the folder's, for the state folder is the service's and root runs commands. */
export type Owner = "caller" | "folder";

/**
 * Creates `path` with `content` if nothing is there: complete or not at all, whenever the power goes.
 * @returns false when the file was there already; it is not touched
 * @throws HostError "io", exit 73
 */
export function createOnce(path: string, content: Uint8Array, owner: Owner = "caller"): boolean {
  const temp = writeTemp(path, content, owner);
  try {
    // link(2), not rename(2): it refuses to replace what somebody else made meanwhile.
    linkSync(temp, path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") return false;
    throw cannotCreate(path, cause);
  } finally {
    unlinkSync(temp);
    syncFolder(dirname(path));
  }
}

/** Replaces a file of the state folder whole. @throws HostError "io", exit 73 */
export function replaceFile(path: string, content: Uint8Array): void {
  const temp = writeTemp(path, content, "folder");
  try {
    renameSync(temp, path);
  } catch (cause) {
    unlinkSync(temp);
    throw cannotCreate(path, cause);
  }
  syncFolder(dirname(path));
}

/**
 * Reads a file that only its owner may read.
 * @returns null when it is not there
 * @throws HostError "io" when others may read it: a key that leaked once is no key
 */
export function readPrivate(path: string): Uint8Array | null {
  try {
    requirePrivate(path);
    return Uint8Array.from(readFileSync(path));
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return null;
    if (cause instanceof HostError) throw cause;
    const fix = "run as the user that owns the state folder";
    throw new HostError("io", `cannot read ${path}: ${messageOf(cause)}`, fix, EXIT.io, { cause });
  }
}

/** `<name>.<pid>.tmp`: written, and not yet renamed or linked. */
const TEMP = /\.([1-9]\d*)\.tmp$/;

/**
 * Removes what a killed process left: a temporary file can be a second copy of a key that an operator moves elsewhere.
 *
 * @param dir of the state; not there yet, or read-only, is no error: nothing depends on it
 */
export function removeLeftovers(dir: string): void {
  try {
    for (const { name, parentPath } of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const pid = Number(TEMP.exec(name)?.[1] ?? 0);
      if (pid > 0 && (pid === process.pid || !running(pid))) unlinkSync(join(parentPath, name));
    }
  } catch (error) {
    if (!["ENOENT", "EROFS", "EACCES", "EPERM"].includes(errnoOf(error))) throw error;
  }
}

export function running(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

/** Makes a folder in the state folder, as its files are made. @throws as mkdirSync does */
export function makeStateFolder(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) === undefined || process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  lchownSync(path, uid, gid);
}

function writeTemp(path: string, content: Uint8Array, owner: Owner): string {
  const temp = `${path}.${process.pid}.tmp`;
  let made = false;
  try {
    // Of an earlier process with this pid.
    rmSync(temp, { force: true });
    const file = openSync(temp, "wx", 0o600);
    made = true;
    try {
      if (owner === "folder" && process.getuid?.() === 0) {
        const { uid, gid } = statSync(dirname(path));
        fchownSync(file, uid, gid);
      }
      // Not writeSync: on a disk that is almost full, it may write a part and call that success.
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return temp;
  } catch (cause) {
    if (made) unlinkSync(temp);
    throw cannotCreate(path, cause);
  }
}

/**
 * Before anything is made that would be lost with it.
 *
 * @param rule why a file that is there stays
 * @throws HostError "io" when there is something already, or the folder is missing or cannot be written
 */
export function refuseUnwritable(path: string, rule: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new HostError("io", `${path} exists already`, `choose another --out: ${rule}`, EXIT.cantCreate);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw cannotCreate(path, cause);
  }
}

/** Makes a folder's list of names durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function cannotCreate(path: string, cause: unknown): HostError {
  const fix = errnoOf(cause) === "ENOSPC" ? "free space on that disk" : "make the folder writable, or choose another";
  return new HostError("io", `cannot create ${path}: ${messageOf(cause)}`, fix, EXIT.cantCreate, { cause });
}

/**
 * Checks that only its owner may read a file or folder.
 * @throws HostError "io" when others may; ENOENT as statSync throws it
 */
export function requirePrivate(path: string): void {
  const stat = statSync(path);
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) === 0) return;
  const expected = stat.isDirectory() ? "700" : "600";
  const message = `${path} has mode 0${mode.toString(8)}; expected 0${expected}`;
  throw new HostError("io", message, `if nobody read it, run: chmod ${expected} ${path}`, EXIT.config);
}
