/** `bootseed-host backup`: everything that makes this host this host, in one file encrypted to the operator's key. */
import { toHex } from "@bootseed/protocol";
import { Encrypter } from "age-encryption";
import { existsSync, linkSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { configFile, databaseFile, type Manifest, manifestFile, stateFiles } from "../backup/contents.ts";
import { recordBackup } from "../backup/record.ts";
import { tar, type TarFile } from "../backup/tar.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { syncFolder } from "../identity/files.ts";
import { readStatement } from "../identity/history.ts";
import { FILES } from "../identity/keys.ts";
import { RESTORE_OR_INIT } from "../identity/lost.ts";
import { MintClient } from "../mint/client.ts";
import { configOption } from "./follow-up.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";

export type BackupOptions = {
  readonly config: string;
  /** age1…, of the operator */
  readonly recipient: readonly string[];
  readonly out: string;
  readonly json: boolean;
};

/** The mint socket closes a connection on which nothing comes for so long. */
const COPY_MS = 120_000;
const SNAPSHOT = /^host\.db\.snapshot-\d+\.\d+\.tmp$/;
const snapshotSchema = z.object({ file: z.string() });

/**
 * @param now seconds since 1970
 * @returns text for the terminal
 * @throws HostError; `out` is there only when all of it is, durable
 */
export async function backup(options: BackupOptions, now: number): Promise<string> {
  const out = resolve(options.out);
  if (existsSync(out)) throw exists(out);
  const encrypter = new Encrypter();
  for (const recipient of options.recipient) addRecipient(encrypter, recipient);
  const config = loadConfig(options.config);
  const manifest = manifestOf(config.stateDir, now);
  const copy = await databaseCopy(config);
  try {
    const files = [
      manifestFile(manifest),
      configFile(options.config),
      ...stateFiles(config.stateDir),
      ...(copy === null ? [] : [databaseFile(copy, now)]),
    ];
    await write(out, encrypter, files);
  } finally {
    if (copy !== null) rmSync(copy, { force: true });
  }
  recordBackup(config.stateDir, { at: now, serial: manifest.statementSerial });
  const bytes = statSync(out).size;
  if (options.json) return `${JSON.stringify({ ...manifest, out, bytes, recipients: options.recipient })}\n`;
  return `${out}: host ${manifest.hostId}, ${bytes} bytes, for ${options.recipient.length} recipient(s)
Keep it, and the key that opens it, on another machine. To get this host back:
  bootseed-host restore --identity KEYFILE --in ${out}${configOption(options.config)}
`;
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    const message = `--recipient ${recipient}: expected a public key of age (age1…): ${messageOf(cause)}`;
    throw new HostError(
      "usage",
      message,
      "`age-keygen -o key.txt` makes a key and prints its public half",
      EXIT.usage,
      {
        cause,
      },
    );
  }
}

function manifestOf(dir: string, madeAt: number): Manifest {
  const newest = readStatement(join(dir, FILES.statement));
  if (newest === null) {
    const message = `${join(dir, FILES.statement)} is missing: there is no host here`;
    throw new HostError("bad-config", message, RESTORE_OR_INIT, EXIT.config);
  }
  const { hostId, serial } = newest;
  return { schema: 1, hostId: toHex(hostId), statementSerial: serial, madeAt };
}

/** By the running service, which holds the database; by this process when there is none. */
async function databaseCopy(config: Config): Promise<string | null> {
  try {
    const { file } = await new MintClient(config.listen.mint, COPY_MS).post("/v1/snapshot", {}, snapshotSchema);
    return copyIn(config.stateDir, file);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== "unreachable") throw error;
  }
  const file = join(config.stateDir, FILES.database);
  if (!existsSync(file)) return null;
  const store = openSqliteStore(file);
  try {
    return await store.snapshot();
  } finally {
    store.close();
  }
}

/** What is named here is read and removed, by root as a rule: nothing but a copy is, whoever answers on the socket. */
function copyIn(stateDir: string, file: string): string {
  if (dirname(file) === stateDir && SNAPSHOT.test(basename(file))) return file;
  const message = `the service names ${JSON.stringify(file)}, which is no copy of the database in ${stateDir}`;
  throw new HostError("io", message, "restart the service with the same config as this command", EXIT.io);
}

async function write(out: string, encrypter: Encrypter, files: readonly TarFile[]): Promise<void> {
  const draft = `${out}.${process.pid}.tmp`;
  try {
    {
      await using file = await open(draft, "wx", 0o600);
      for await (const chunk of await encrypter.encrypt(ReadableStream.from(tar(files)))) await file.writeFile(chunk);
      await file.sync();
    }
    linkSync(draft, out);
    syncFolder(dirname(out));
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    if (errnoOf(cause) === "EEXIST") throw exists(out);
    const message = `cannot create ${out}: ${messageOf(cause)}`;
    throw new HostError("io", message, "choose another --out, or free space", EXIT.cantCreate, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}

function exists(out: string): HostError {
  return new HostError(
    "io",
    `${out} exists already`,
    "choose another --out: backups are never overwritten",
    EXIT.cantCreate,
  );
}
