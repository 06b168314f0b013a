/** When this host was last backed up: a file in the state folder, for `status`. */
import { chownSync, statSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../identity/files.ts";
import { BACKED_UP_FILE } from "../identity/keys.ts";

/** @param at seconds since 1970 */
export function recordBackup(dir: string, at: number): void {
  const path = join(dir, BACKED_UP_FILE);
  replaceFile(path, Buffer.from(`${at}\n`));
  // Made by root as a rule; the service is another user, and the folder is its own.
  const { uid, gid } = statSync(dir);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
