/** A backup's files onto the disk: checked name by name, durable, and proved to be a host before anybody uses them. */
import { parseCertificate, parseStatement, toHex } from "@bootseed/protocol";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { readPrivate, syncFolder } from "../identity/files.ts";
import { loadIdentity } from "../identity/host-identity.ts";
import { FILES } from "../identity/keys.ts";
import { column, Database } from "../store/database.ts";
import { CONFIG, DATABASE, MANIFEST, type Manifest, manifestSchema, STATE } from "./contents.ts";
import { type TarFile, untar } from "./tar.ts";

/** Of manifest and config, which are held in memory. */
const MAX_TEXT_BYTES = 1 << 20;
/** A plain name, in the state folder or in its one folder. */
const NAME = /^state\/((?:statements\/)?[A-Za-z0-9][A-Za-z0-9._-]*)$/;
const STATEMENT = /^statements\/\d{1,10}(?:\.revoked)?$/;
/** Where a file goes is what the backup's own config says: nothing else than a host's files is ever written there. */
const OURS: ReadonlySet<string> = new Set(Object.values(FILES));

export type Unpacked = {
  /** Where the state folder's files are now. */
  readonly draft: string;
  /** Text of the config. */
  readonly config: string;
  readonly manifest: Manifest;
};

/**
 * @param archive to its very end: the cipher proves only there that nothing is missing
 * @param placeFor from the config's text, where to unpack; what is there is removed
 * @throws HostError "malformed" for anything that is no backup of a whole host
 */
export async function unpack(
  archive: AsyncIterable<Uint8Array>,
  placeFor: (config: string) => string,
): Promise<Unpacked> {
  let manifest: Manifest | null = null;
  let config: string | null = null;
  let draft: string | null = null;
  try {
    for await (const file of untar(archive)) {
      if (manifest === null) manifest = manifestOf(file, await text(file));
      else if (draft === null || config === null) {
        if (file.name !== CONFIG) throw malformed(`${file.name} in the place of ${CONFIG}`);
        config = await text(file);
        draft = placeFor(config);
        rmSync(draft, { recursive: true, force: true });
        mkdirSync(join(draft, "statements"), { recursive: true, mode: 0o700 });
      } else await store(draft, file);
    }
    if (manifest === null || config === null || draft === null) throw malformed("no config");
    syncFolder(join(draft, "statements"));
    syncFolder(draft);
    prove(draft, manifest);
    return { draft, config, manifest };
  } catch (error) {
    if (draft !== null) rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

function manifestOf(file: TarFile, content: string): Manifest {
  if (file.name !== MANIFEST) throw malformed(`${file.name} in the place of ${MANIFEST}`);
  try {
    return manifestSchema.parse(JSON.parse(content));
  } catch (cause) {
    throw malformed(`a ${MANIFEST} of another version`, cause);
  }
}

async function text({ name, size, content }: TarFile): Promise<string> {
  if (size > MAX_TEXT_BYTES) throw malformed(`${name} of ${size} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function store(draft: string, { name, mtime, content }: TarFile): Promise<void> {
  const local = NAME.exec(name)?.[1];
  if (local === undefined) throw malformed(`a file called ${JSON.stringify(name)}`);
  if (!OURS.has(local) && !STATEMENT.test(local)) {
    for await (const _ of content);
    return;
  }
  await using file = await open(join(draft, local), "wx", 0o600);
  for await (const part of content) await file.writeFile(part);
  // When a statement was signed says how long its pins are known.
  await file.utimes(mtime, mtime);
  await file.sync();
}

/** Keys, certificate and statements fit each other, and the database opens. */
function prove(draft: string, manifest: Manifest): void {
  const newest = readPrivate(join(draft, FILES.statement));
  if (newest === null) throw malformed("no statement");
  try {
    parseStatement(newest);
    const identity = loadIdentity(draft);
    const hostId = toHex(identity.hostId);
    identity.close();
    if (hostId !== manifest.hostId) throw malformed(`keys of host ${hostId} and the manifest of ${manifest.hostId}`);
    const database = join(draft, DATABASE.slice(STATE.length));
    if (existsSync(database)) proveDatabase(database, manifest.hostId);
    syncFolder(dirname(database));
  } catch (cause) {
    throw cause instanceof HostError ? cause : malformed(`files that are no host: ${messageOf(cause)}`, cause);
  }
}

/** Each certificate in it is of the same host; the keys were compared before. */
function proveDatabase(file: string, hostId: string): void {
  const database = new Database(file);
  try {
    const [result] = database.all("PRAGMA quick_check(1)");
    if (result?.["quick_check"] !== "ok") throw malformed(`a damaged database: ${String(result?.["quick_check"])}`);
    for (const row of database.all("SELECT certificate FROM enrolment")) {
      const owner = toHex(parseCertificate(column.blob(row, "certificate")).hostId);
      if (owner !== hostId) throw malformed(`a database of host ${owner} beside the keys of ${hostId}`);
    }
  } finally {
    database.close();
  }
}

function malformed(what: string, cause?: unknown): HostError {
  return new HostError("malformed", `the backup holds ${what}`, "use another backup", EXIT.data, { cause });
}
