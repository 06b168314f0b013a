/**
 * Every statement a host ever signed, one file each beside the newest: guests that slept need the root changes, and
 * certificates are checked under the statement they name. `statement` alone says which is the newest.
 */
import { parseStatement, type RootKey, type Statement, verifyStatement } from "@bootseed/protocol";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, makeStateFolder, readPrivate, replaceFile } from "./files.ts";
import { RESTORE } from "./lost.ts";

const FOLDER = "statements";
const NEWEST = "statement";

const MAX_SERIAL = 0xffff_ffff;
/** The time of a clock that says 2097 or later: a serial like that would leave none for the statements that follow. */
const NO_TIME = 0xf000_0000;
/** Seconds of about 18 h; a u32 has room for 30,000 such steps. */
const STRIDE = 0x1_0000;

/**
 * The serial of a statement that is signed now: the time, where that rises. A host restored from a backup does not know
 * what it signed since. Counting on by one, it would give a serial of its lost future to another statement, and a VM
 * that holds the lost one would see nothing new and refuse every packet.
 *
 * Where the clock was wrong once and serials are ahead of it, the time decides how far to go on, for the same reason.
 *
 * @param before the highest serial known @param now seconds since 1970
 * @throws HostError "conflict" when there is no higher one
 */
export function nextSerial(before: number, now: number): number {
  if (before >= MAX_SERIAL) {
    const fix = "VMs follow rising serials only: make a new host (init), and let them join it";
    throw new HostError("conflict", `statement ${before} was the last that this host can sign`, fix, EXIT.config);
  }
  return now > before && now < NO_TIME ? now : Math.min(before + 1 + (now % STRIDE), MAX_SERIAL);
}

/** What was signed, ascending by serial, and which serials end re-imports. */
export type History = { readonly statements: Statement[]; readonly revoked: ReadonlySet<number> };

/**
 * @param newest what the file `statement` says; a later one in the folder was never published and does not count
 * @throws HostError when a file is damaged or readable by others
 */
export function loadHistory(dir: string, newest: Statement): History {
  const names = list(join(dir, FOLDER));
  const serials = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const earlier = serials.filter((serial) => serial < newest.serial).toSorted((a, b) => a - b);
  const statements = earlier
    .map((serial) => readStatement(join(dir, FOLDER, String(serial))))
    .filter((one) => one !== null);
  const revoked = names.map((name) => /^(\d+)\.revoked$/.exec(name)?.[1]).filter((serial) => serial !== undefined);
  return { statements: [...statements, newest], revoked: new Set(revoked.map(Number)) };
}

/**
 * Makes a statement the newest: durable in the history first, then published by replacing `statement`.
 * @param presented statements of this host's lost future, kept as well
 */
export function publish(dir: string, statement: Uint8Array, presented: readonly Statement[] = []): void {
  const folder = join(dir, FOLDER);
  makeStateFolder(folder);
  const before = readStatement(join(dir, NEWEST));
  // A folder of the first version has no history: what it has published comes first.
  const all = [...(before === null ? [] : [before]), ...presented, parseStatement(statement)];
  for (const { serial, bytes } of all) {
    // Whatever else is there under this serial was never published: a crash came between these two steps.
    if (!createOnce(join(folder, String(serial)), bytes, "folder")) replaceFile(join(folder, String(serial)), bytes);
  }
  replaceFile(join(dir, NEWEST), statement);
}

/** Whether that root signed the statement. */
export function isSignedBy(statement: Statement, root: RootKey): boolean {
  try {
    verifyStatement(statement, root);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a statement that a guest shows is this host's: signed by the newest root or by the one that it announced, or
 * one that is known here byte for byte. A former root's signature proves nothing any more: whoever stole its key gives
 * a statement whatever serial he likes, also one of that root's own time.
 * @param statements this host's own, ascending
 */
export function wasSignedHere(statements: readonly Statement[], shown: Statement): boolean {
  const newest = statements.at(-1);
  if (newest === undefined) return false;
  if (newest.next !== undefined && isSignedBy(shown, newest.next)) return true;
  return isSignedBy(shown, newest) || statements.some((one) => Buffer.compare(one.bytes, shown.bytes) === 0);
}

/** Certificates that name this statement bring no VM back any more. @returns false when it was revoked before */
export function revokeSerial(dir: string, serial: number): boolean {
  const folder = join(dir, FOLDER);
  makeStateFolder(folder);
  return createOnce(join(folder, `${serial}.revoked`), new Uint8Array(0), "folder");
}

/** @returns null when the file is not there @throws HostError when it is damaged, or others may read it */
export function readStatement(path: string): Statement | null {
  const bytes = readPrivate(path);
  try {
    return bytes === null ? null : parseStatement(bytes);
  } catch (cause) {
    throw new HostError("bad-config", `${path} does not parse (${messageOf(cause)})`, RESTORE, EXIT.config, { cause });
  }
}

/** Only a folder that is not there is an empty one: in one that cannot be read, revocations would be overlooked. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    const message = `cannot read ${folder}: ${messageOf(cause)}`;
    throw new HostError("io", message, "run as the user that owns the state folder", EXIT.io, { cause });
  }
}
