/**
 * What a backup of a host holds: config, keys, secret, statements, and a consistent copy of the database.
 *
 *     manifest.json     what it is, first
 *     host.yaml         the config
 *     state/…           every file of the state folder, except the database
 *     state/host.db     the copy, last
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { EXIT, HostError } from "../host-error.ts";
import { readPrivate } from "../identity/files.ts";
import { BACKED_UP_FILE, FILES } from "../identity/keys.ts";
import { RESTORE_OR_INIT } from "../identity/lost.ts";
import { PLACE_FILE } from "../identity/place.ts";

import type { TarFile } from "./tar.ts";

export const MANIFEST = "manifest.json";
export const CONFIG = "host.yaml";
/** Folder of the state folder's files in the archive. */
export const STATE = "state/";
export const DATABASE: string = STATE + FILES.database;

/** A key is 32 bytes, a statement less than 2 KiB; a P-256 key or certificate in PEM less than 1 KiB. */
const MAX_FILE_BYTES = 65_536;
const MAX_TRIES = 3;
/** Without these nothing starts. The root may be elsewhere; a lost database comes back by itself. */
const NEEDED = [FILES.statement, FILES.packetKey, FILES.secret, FILES.tlsKey, FILES.tlsCertificate];

/** First file of a backup. */
export type Manifest = {
  readonly schema: 1;
  /** 16 hex digits. */
  readonly hostId: string;
  readonly statementSerial: number;
  /** Seconds since 1970. */
  readonly madeAt: number;
};

export const manifestSchema: z.ZodType<Manifest> = z.object({
  schema: z.literal(1),
  hostId: z.string().regex(/^[0-9a-f]{16}$/),
  statementSerial: z.int(),
  madeAt: z.number(),
});

/**
 * The small files, as they were at one time.
 * @throws HostError when one is readable by others, or they never stay the same for long enough
 */
export function stateFiles(dir: string): TarFile[] {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = readPrivate(join(dir, FILES.statement));
    const files = [...folder(dir, ""), ...folder(dir, "statements/")];
    const after = readPrivate(join(dir, FILES.statement));
    // Whoever rotates a key replaces the statement last or first: when it stayed, all belongs together.
    if (before !== null && after !== null && Buffer.compare(before, after) === 0) return complete(dir, files);
  }
  const fix = `try again when nobody signs statements; ${RESTORE_OR_INIT}`;
  throw new HostError("io", `${join(dir, FILES.statement)} is missing, or changes all the time`, fix, EXIT.config);
}

/** A link is left out as no file, and what is elsewhere may be gone: a backup without these brings no host back. */
function complete(dir: string, files: TarFile[]): TarFile[] {
  const names = new Set(files.map(({ name }) => name));
  const missing = NEEDED.find((name) => !names.has(STATE + name));
  if (missing === undefined) return files;
  const fix = "put the file itself into the state folder: a link is not followed";
  throw new HostError(
    "io",
    `${join(dir, missing)} is not a file: the backup would bring no host back`,
    fix,
    EXIT.config,
  );
}

function folder(dir: string, prefix: string): TarFile[] {
  return readdirSync(join(dir, prefix), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !isLeftOut(entry.name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => {
      const path = join(dir, prefix, name);
      const mtime = Math.floor(statSync(path).mtimeMs / 1000);
      const content = readPrivate(path);
      if (content === null) return [];
      if (content.length > MAX_FILE_BYTES) {
        const fix = "keep files of others out of the state folder";
        throw new HostError(
          "io",
          `${path} has more than ${MAX_FILE_BYTES} bytes: not a file of this host`,
          fix,
          EXIT.config,
        );
      }
      return [{ name: STATE + prefix + name, size: content.length, mtime, content: [content] }];
    });
}

/** The database has its copy; the rest is not worth keeping. */
function isLeftOut(name: string): boolean {
  return name.startsWith(FILES.database) || name.endsWith(".tmp") || name === BACKED_UP_FILE || name === PLACE_FILE;
}

export function configFile(path: string): TarFile {
  const content = Uint8Array.from(readFileSync(path));
  return { name: CONFIG, size: content.length, mtime: Math.floor(statSync(path).mtimeMs / 1000), content: [content] };
}

export function manifestFile(manifest: Manifest): TarFile {
  const content = Buffer.from(`${JSON.stringify(manifest)}\n`);
  return { name: MANIFEST, size: content.length, mtime: manifest.madeAt, content: [content] };
}

/** @param copy path of the database's copy; read as it is sent */
export function databaseFile(copy: string, mtime: number): TarFile {
  return { name: DATABASE, size: statSync(copy).size, mtime, content: chunksOf(copy) };
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  for await (const chunk of file.readableWebStream({ autoClose: false })) yield new Uint8Array(chunk);
}
