/** `bootseed-host restore`: a host from its backup, into an empty place. */
import { Decrypter } from "age-encryption";
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { type Checked, checkBackup } from "../backup/check.ts";
import { unreachableAdvice } from "../config/reachable.ts";
import { loadConfig, parseConfig } from "../config/load.ts";
import type { Manifest } from "../backup/contents.ts";
import { unpack } from "../backup/unpack.ts";
import { recordBackup } from "../backup/record.ts";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, readPrivate, syncFolder } from "../identity/files.ts";
import { configOption } from "./follow-up.ts";

export type RestoreOptions = {
  readonly config: string;
  /** File with AGE-SECRET-KEY-1… lines, as age-keygen writes it. */
  readonly identity: string;
  readonly in: string;
  /** Only look; nothing is written. */
  readonly check?: true;
  readonly stateDir?: string;
  readonly json: boolean;
};

/**
 * Unpacks beside the state folder's place, checks everything, then gives it its name: a crash at any point leaves
 * nothing that `serve` would take for a host, and running it again begins anew.
 * @returns text for the terminal
 * @throws HostError when the place is not empty, the key does not open the backup, or it is damaged
 */
export async function restore(options: RestoreOptions): Promise<string> {
  if (options.check === true && options.stateDir !== undefined) {
    const fix = "leave --state-dir out: --check writes no folder";
    throw new HostError("usage", "expected --check or --state-dir, not both", fix, EXIT.usage);
  }
  const decrypter = new Decrypter();
  for (const identity of identities(options.identity)) addIdentity(decrypter, identity, options.identity);
  if (options.check === true) {
    const checked = await checkBackup(await decrypted(decrypter, options.in)).catch(damaged(options.in));
    return options.json ? `${JSON.stringify(checked)}\n` : checkedText(options.in, checked);
  }
  const kept = existsSync(options.config) ? loadConfig(options.config) : null;
  const wanted = options.stateDir === undefined ? undefined : resolve(options.stateDir);
  if (kept !== null && wanted !== undefined && kept.stateDir !== wanted) {
    const message = `--state-dir ${wanted} contradicts ${options.config}, which says ${kept.stateDir}`;
    const fix = "name a config that is not there with `--config`: it is written with that folder; or edit this one";
    throw new HostError("usage", message, fix, EXIT.usage);
  }
  // Before anything is decrypted, where the place is known already.
  if (kept !== null) requireEmpty(kept.stateDir);
  const plain = await decrypted(decrypter, options.in);
  const placeFor = (config: string): string => {
    const stateDir = kept?.stateDir ?? wanted ?? stateDirOf(config, options.config);
    requireEmpty(stateDir);
    return `${stateDir}.restoring`;
  };
  const { draft, config, manifest } = await unpack(plain, placeFor).catch(damaged(options.in));
  const stateDir = draft.replace(/\.restoring$/, "");
  recordBackup(draft, { at: manifest.madeAt, serial: manifest.statementSerial });
  if (kept === null) writeConfig(resolve(options.config), wanted === undefined ? config : withStateDir(config, wanted));
  if (existsSync(stateDir)) rmdirSync(stateDir);
  renameSync(draft, stateDir);
  syncFolder(dirname(stateDir));
  if (options.json) return `${JSON.stringify({ ...manifest, stateDir, config: options.config })}\n`;
  return told(options, manifest, stateDir, kept !== null);
}

/** What speaks against the folder, not the backup. */
const NO_PLACE: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "ENOMEM"]);

/** For a promise of what is read: the cipher and the archive say in their own words what is wrong. */
const damaged = (file: string) => (cause: unknown) => {
  if (cause instanceof HostError) throw cause;
  if (NO_PLACE.has(errnoOf(cause))) {
    const fix = "make room in that folder (/dev/shm for --check) and let this user write there; the backup may be good";
    throw new HostError("io", `cannot unpack ${file}: ${messageOf(cause)}`, fix, EXIT.io, { cause });
  }
  const message = `${file} is damaged or incomplete: ${messageOf(cause)}`;
  throw new HostError("malformed", message, "copy it again, or use another backup", EXIT.data, { cause });
};

/** The same config, comments and all, for another folder. */
function withStateDir(config: string, stateDir: string): string {
  const document = parseDocument(config);
  document.set("stateDir", stateDir);
  return String(document);
}

/** On a new machine its folder is missing, too. */
function writeConfig(file: string, content: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const message = `cannot create ${folder}: ${messageOf(cause)}`;
    throw new HostError("io", message, "choose a folder you may write with `--config`", EXIT.cantCreate, { cause });
  }
  if (createOnce(file, Buffer.from(content))) return;
  throw new HostError("io", `${file} appeared meanwhile`, "run it again", EXIT.cantCreate);
}

/** Lines of a file as age-keygen writes it. */
function identities(path: string): string[] {
  const content = readPrivate(path);
  if (content === null)
    throw new HostError("usage", `--identity ${path}: no such file`, "name the operator's key", EXIT.usage);
  const lines = Buffer.from(content).toString("utf8").split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

function addIdentity(decrypter: Decrypter, identity: string, path: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    // Without a cause: what the library says of a key may quote it.
    const fix = "name the file that age-keygen wrote";
    throw new HostError("usage", `--identity ${path}: expected lines that begin with AGE-SECRET-KEY-`, fix, EXIT.usage);
  }
}

async function decrypted(decrypter: Decrypter, path: string): Promise<AsyncIterable<Uint8Array>> {
  if (!existsSync(path)) throw new HostError("usage", `--in ${path}: no such file`, "name the backup", EXIT.usage);
  const file = createReadStream(path);
  try {
    return await decrypter.decrypt(ReadableStream.from(chunks(file)));
  } catch (cause) {
    file.destroy();
    const message = `${path} is not opened by that key: ${messageOf(cause)}`;
    throw new HostError("open-failed", message, "use the key of one of its recipients", EXIT.data, { cause });
  }
}

/** A stream of the other kind takes only plain arrays. */
async function* chunks(file: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const chunk of file) yield new Uint8Array(chunk);
}

function stateDirOf(config: string, file: string): string {
  return resolve(dirname(resolve(file)), parseConfig(config, "host.yaml of the backup").stateDir);
}

function requireEmpty(dir: string): void {
  try {
    if (readdirSync(dir).length === 0) return;
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return;
    throw new HostError("io", `cannot look into ${dir}: ${messageOf(cause)}`, "run it as root", EXIT.io, { cause });
  }
  const fix = "move that folder away first: two histories of one host must not be mixed";
  throw new HostError("conflict", `${dir} is not empty`, fix, EXIT.cantCreate);
}

function told(options: RestoreOptions, manifest: Manifest, stateDir: string, kept: boolean): string {
  const { config } = options;
  const advice = unreachableAdvice(loadConfig(config));
  const option = configOption(config);
  const made = new Date(manifest.madeAt * 1000).toISOString();
  return `${stateDir}: host ${manifest.hostId} as of ${made}, statement ${manifest.statementSerial}
${config}: ${kept ? "kept as it was" : "written from the backup"}
${advice === undefined ? "" : `WARNING: ${advice}\n`}
What follows:
- Stop the old one for good, if it still runs anywhere: one host, one place.
- Give the folder to the service's user, if that is not you (chown -R).
- If its address is another now: set \`advertise\` in ${config}, then bootseed-host statement --sign${option}
- Start it: bootseed-host serve${option}
- VMs need nothing: the next hello of each brings it back, also of those that were enrolled after the backup.
- What was revoked after the backup (VMs, join tokens, statements) must be revoked again.
`;
}

function checkedText(file: string, checked: Checked): string {
  const { hostId, statementSerial, addresses, hasRootKey, vms, reported, joinTokens, clients } = checked;
  const made = new Date(checked.madeAt * 1000).toISOString();
  const database =
    vms === null
      ? "no database: VMs come back by their certificates"
      : `${vms} VMs, ${reported} of them with a report; ${joinTokens} join tokens, ${clients} clients`;
  return `${file}: a whole host; nothing was written
host       ${hostId}, at ${addresses.join(", ")}
made       ${made}
statement  ${statementSerial}
root key   ${hasRootKey ? "in the backup" : "not in the backup: keep the offline root, or nothing can be rotated"}
database   ${database}
`;
}
