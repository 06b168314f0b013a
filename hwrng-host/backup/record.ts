/** When this host was last backed up, and whether that backup has its root keys: a file in the state folder. */
import { sameRoot } from "@bootseed/protocol";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../host-error.ts";
import { replaceFile } from "../identity/files.ts";
import { loadHistory, readStatement } from "../identity/history.ts";
import { BACKED_UP_FILE, FILES, localRoot } from "../identity/keys.ts";

/** The last backup. */
export type BackupRecord = {
  /** seconds since 1970 */
  readonly at: number;
  /** of the newest statement in it; in records of version 0.3.0 the time stands for it, as serials are times */
  readonly serial: number;
};

/** @param record what the new backup contains */
export function recordBackup(dir: string, { at, serial }: BackupRecord): void {
  replaceFile(join(dir, BACKED_UP_FILE), Buffer.from(`${at}\n${serial}\n`));
}

/** @returns null for a host that was never backed up @throws where the caller may not read the folder */
export function lastBackup(dir: string): BackupRecord | null {
  let text: string;
  try {
    text = readFileSync(join(dir, BACKED_UP_FILE), "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
  const [at = NaN, serial = at] = text.trim().split("\n").map(Number);
  return Number.isFinite(at) && Number.isFinite(serial) ? { at, serial } : null;
}

/**
 * Whether a root key lies in the state folder that the last backup does not have: with this machine it would be lost, and
 * the host with it for the VMs that follow that root.
 *
 * @param which the root of the newest statement, or the announced one
 * @throws HostError when a file of the folder is damaged
 */
export function rootLacksBackup(dir: string, which: "current" | "next"): boolean {
  const newest = readStatement(join(dir, FILES.statement));
  if (newest === null) return false;
  const root = which === "next" ? newest.next : newest;
  // A key that was never here, or was carried away, is not the backup's to keep.
  if (root === undefined || localRoot(dir, root) === null) return false;
  const backup = lastBackup(dir);
  const { statements } = loadHistory(dir, newest);
  // Its key is in the folder before the first statement that names it.
  const first = statements.find((one) => sameRoot(one, root) || (one.next !== undefined && sameRoot(one.next, root)));
  return backup === null || backup.serial < (first ?? newest).serial;
}
