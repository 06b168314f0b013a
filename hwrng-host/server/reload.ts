/** What the running service could take from its files without a restart: for `bootseed-host reload` and `status`. */
import { equalConstantTime } from "@bootseed/protocol";
import { Hono } from "hono";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../config/schema.ts";
import { messageOf } from "../host-error.ts";
import { readPrivate } from "../identity/files.ts";
import { type HostIdentity, unsigned } from "../identity/host-identity.ts";
import { loadHistory, readStatement } from "../identity/history.ts";
import { pinOf } from "../identity/init.ts";
import { FILES } from "../identity/keys.ts";

/** Answer of `POST /v1/reload`. */
export type Reloaded = {
  readonly statementSerial: number;
  /** What the operator should know, a sentence each. */
  readonly warnings: readonly string[];
};
export const reloadedSchema: z.ZodType<Reloaded> = z.object({
  statementSerial: z.number(),
  warnings: z.array(z.string()),
});

/** Answer of `GET /v1/reload`: what a reload, a signature or a restart would change, a sentence each. */
export type Pending = { readonly reload: readonly string[]; readonly config: readonly string[] };
export const pendingSchema: z.ZodType<Pending> = z.object({ reload: z.array(z.string()), config: z.array(z.string()) });

/** Addresses and interval are in the statement; everything else of a config is read at the start alone. */
const withoutSigned = (config: Config): object => ({ ...config, advertise: [], intervalMs: 0 });

/** @returns what in the config file is not in force, a sentence each */
export function configGaps({ statement }: Pick<HostIdentity, "statement">, started: Config, now: Config): string[] {
  const differs = unsigned(statement, now);
  return [
    ...(differs === null ? [] : [`${differs}: bootseed-host statement --sign, then bootseed-host reload`]),
    ...(isDeepStrictEqual(withoutSigned(started), withoutSigned(now))
      ? []
      : ["more than `advertise` and `intervalMs` changed in the config: restart the service for that"]),
  ];
}

/** The newest statement on disk: what is signed already, and waits for a reload alone, need not be signed again. */
export function signedIn(dir: string, { statement }: HostIdentity): Pick<HostIdentity, "statement"> {
  return { statement: readStatement(join(dir, FILES.statement)) ?? statement };
}

/** @returns what in the state folder is newer than what the service uses, a sentence each @throws HostError for damaged files */
export function folderGaps(dir: string, { statement, revoked, tlsPin }: HostIdentity): string[] {
  const newest = readStatement(join(dir, FILES.statement));
  if (newest === null) return [];
  const certificate = readPrivate(join(dir, FILES.tlsCertificate));
  const news = loadHistory(dir, newest).revoked;
  return [
    ...(newest.serial === statement.serial
      ? []
      : [`statement ${newest.serial} is signed, the service uses ${statement.serial}`]),
    ...(certificate === null || equalConstantTime(pinOf(certificate), tlsPin)
      ? []
      : ["the certificate was changed, the service shows the one before"]),
    ...([...news].every((serial) => revoked.has(serial)) ? [] : ["a statement was revoked, the service accepts it"]),
  ];
}

/** A file that cannot be read now is a gap too: the service goes on with what it read before. */
export function orProblem(gaps: () => string[]): string[] {
  try {
    return gaps();
  } catch (error) {
    return [messageOf(error)];
  }
}

/** Routes below the mint's root; only admins reach them. */
export function reloadRoutes(reload: () => Reloaded, pending: () => Pending): Hono {
  const app = new Hono();
  app.post("/v1/reload", () => Response.json(reload()));
  app.get("/v1/reload", () => Response.json(pending()));
  return app;
}
