/** Files of an image and for one, open for as long as something uses them. */
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, statSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootseedError } from "@bootseed/protocol";
import { readErrorCode } from "../mint-client/read-error.ts";

/** @throws BootseedError "not-found" (no such file), "io" (not to be looked at), "usage" (a device, a folder) */
export function refuseNoImage(file: string): void {
  let isFile: boolean;
  try {
    isFile = statSync(file).isFile();
  } catch (cause) {
    throw new BootseedError(readErrorCode(cause), `cannot open ${file}: ${(cause as Error).message}`, { cause });
  }
  if (!isFile)
    throw new BootseedError("usage", `expected an image file, got ${file}: mount a device and use --root DIR`);
}

/** Opens, hands over, closes. */
export function withFile<T>(path: string, flags: string, use: (fd: number) => T): T {
  const fd = openSync(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file without a name, in memory where there is such a place: debugfs copies from files only. */
export function withNameless<T>(bytes: Uint8Array, use: (fd: number) => T): T {
  const dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bootseed-"));
  const path = join(dir, "x");
  const fd = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    rmdirSync(dir);
    writeSync(fd, bytes, 0, bytes.length, 0);
    return use(fd);
  } finally {
    writeSync(fd, new Uint8Array(bytes.length), 0, bytes.length, 0);
    closeSync(fd);
  }
}
