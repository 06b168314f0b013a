/** A file that only its owner may read, complete or not there at all. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { BootseedError } from "@bootseed/protocol";

/** Makes a folder's entries durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Looks before what is to be written is taken for good.
 *
 * @param holds what an older file of this name may hold
 * @throws BootseedError "io" when there is such a file, or its folder cannot be written to
 */
export function refuseUnwritable(file: string, holds: string): void {
  if (existsSync(file))
    throw new BootseedError("io", `${file} exists already, and may hold ${holds}: name another file, or remove it`);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new BootseedError("io", `cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Written beside it, synced, renamed, and the folder synced: after a crash it is the old file or the new one.
 *
 * @param beforeVisible with the temporary file's path, already durable
 * @throws BootseedError "io"
 */
export function writePrivateFile(file: string, bytes: Uint8Array, beforeVisible?: (path: string) => void): void {
  const partial = `${file}.${process.pid}.partial`;
  try {
    rmSync(partial, { force: true });
    const fd = openSync(partial, "wx", 0o600);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      beforeVisible?.(partial);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(partial, file);
    syncFolder(dirname(file));
  } catch (cause) {
    rmSync(partial, { force: true });
    if (cause instanceof BootseedError) throw cause;
    throw new BootseedError("io", `cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
}
