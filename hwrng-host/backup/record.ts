/** When this host was last backed up: a file in the state folder, for `status`. */
import { join } from "node:path";
import { replaceFile } from "../identity/files.ts";
import { BACKED_UP_FILE } from "../identity/keys.ts";

/** @param at seconds since 1970 */
export function recordBackup(dir: string, at: number): void {
  replaceFile(join(dir, BACKED_UP_FILE), Buffer.from(`${at}\n`));
}
