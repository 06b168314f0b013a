/** Clients of the mint, for operators: part of the mint API. The answer to a client's making is its token's only copy. */
import { toHex, wipe } from "@bootseed/protocol";
import { Hono } from "hono";
import { z } from "zod";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import type { MintRole } from "../store/store.ts";
import { body } from "./body.ts";
import { tokenHash } from "./recognise.ts";
import { stackGlobs } from "./stack-globs.ts";

const CLIENT_ID_BYTES = 8;
const TOKEN_BYTES = 32;
const YEAR = 366 * 86_400;
const HOUR = 3600;

const SEEDS_PER_HOUR = "expected 1 to 1000000 seeds per hour";
const SECONDS = `expected 60 to ${YEAR} seconds`;

/** Body of `POST /v1/clients`. */
export const newClientSchema: z.ZodType<NewClient> = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "expected 1 to 63 letters, digits, dots and dashes"),
    role: z.enum(["mint", "read", "admin"], "expected mint, read or admin"),
    stacks: stackGlobs,
    quotaPerHour: z.int(SEEDS_PER_HOUR).min(1, SEEDS_PER_HOUR).max(1_000_000, SEEDS_PER_HOUR).nullable(),
    expiresInSeconds: z.int(SECONDS).min(60, SECONDS).max(YEAR, SECONDS).nullable(),
    by: z.enum(["token", "ssh"]),
  })
  .refine(({ role, stacks }) => role !== "admin" || stacks.includes("**"), {
    path: ["stacks"],
    error: "an admin has all stacks: leave them out",
  })
  .refine(({ by, expiresInSeconds }) => by === "ssh" || expiresInSeconds !== null, {
    path: ["expiresInSeconds"],
    error: "a token needs an end",
  });
export type NewClient = {
  name: string;
  role: MintRole;
  stacks: string[];
  quotaPerHour: number | null;
  expiresInSeconds: number | null;
  by: "token" | "ssh";
};

/** Longest time for which a token from before a renewal still opens. */
const MOST_OVERLAP = 30 * 86_400;
const OVERLAP = `expected 0 to ${MOST_OVERLAP} seconds`;

/** Body of `POST /v1/clients/{name}/renew`. */
export const renewalSchema: z.ZodType<RenewalRequest> = z.strictObject({
  expiresInSeconds: z.int(SECONDS).min(60, SECONDS).max(YEAR, SECONDS),
  overlapSeconds: z.int(OVERLAP).min(0, OVERLAP).max(MOST_OVERLAP, OVERLAP),
});
type RenewalRequest = { expiresInSeconds: number; overlapSeconds: number };

/** Answer of `POST /v1/clients`; `token` is a secret, and null for one that comes through ssh. */
export const newClientAnswerSchema: z.ZodType<NewClientAnswer> = z.object({
  earlierUntil: z.number().nullable().optional(),
  id: z.string(),
  token: z.string().nullable(),
  expiresAt: z.number().nullable(),
  pins: z.array(z.string()),
  addresses: z.array(z.string()),
});
export type NewClientAnswer = {
  /** Until when the token before still opens; of a renewal only. */
  earlierUntil?: number | null | undefined;
  id: string;
  token: string | null;
  expiresAt: number | null;
  /** What to pin: SHA-256 of the certificates that the host's statement names, hex. */
  pins: string[];
  /** What VMs dial: the names of this host. */
  addresses: string[];
};

export type ClientView = {
  id: string;
  name: string;
  by: "token" | "ssh";
  role: MintRole;
  stacks: string[];
  quotaPerHour: number | null;
  seedsThisHour: number;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  /** until when a token from before its last renewal opens, or opened; null: none */
  earlierUntil: number | null;
};

/** Answer of `GET /v1/clients`; times are seconds since 1970. */
export const clientsAnswerSchema: z.ZodType<{ schema: 1; clients: ClientView[] }> = z.object({
  schema: z.literal(1),
  clients: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      by: z.enum(["token", "ssh"]),
      role: z.enum(["mint", "read", "admin"]),
      stacks: z.array(z.string()),
      quotaPerHour: z.number().nullable(),
      seedsThisHour: z.number(),
      createdAt: z.number(),
      expiresAt: z.number().nullable(),
      revokedAt: z.number().nullable(),
      earlierUntil: z.number().nullable().default(null),
    }),
  ),
});

/** `POST /v1/clients`, `GET /v1/clients`, `POST /v1/clients/{name}/renew`, `POST /v1/clients/{name}/revoke`. */
export function mintClientRoutes(context: HostContext): Hono {
  const app = new Hono();
  const { store, log } = context;
  app.post("/v1/clients", async (c) => {
    const { name, role, stacks, quotaPerHour, expiresInSeconds, by } = await body(c, newClientSchema);
    const clientId = context.random(CLIENT_ID_BYTES);
    const createdAt = context.now();
    const expiresAt = expiresInSeconds === null ? null : createdAt + expiresInSeconds;
    const token = by === "ssh" ? null : newToken(context);
    const hash = token === null ? null : tokenHash(token);
    if (!store.mintClients.add({ clientId, name, role, stacks, quotaPerHour, tokenHash: hash, createdAt, expiresAt })) {
      const fix = `choose another name, or revoke that one first: bootseed-host client revoke ${name}`;
      throw new HostError("conflict", `a client is called ${name} already`, fix, EXIT.usage);
    }
    const id = toHex(clientId);
    log.info({ id, client: name, role, stacks, quotaPerHour, expiresAt, by }, "mint client made");
    const { pins, addresses } = context.identity.statement;
    return Response.json({ id, token, expiresAt, pins: pins.map((pin) => toHex(pin)), addresses });
  });
  app.get("/v1/clients", () => {
    const since = context.now() - HOUR;
    const clients = store.mintClients.all().map(({ clientId, tokenHash: hash, ...client }) => ({
      id: toHex(clientId),
      by: hash === null ? "ssh" : "token",
      seedsThisHour: store.mintClients.seedsSince(`client:${toHex(clientId)}`, since),
      ...client,
    }));
    return Response.json({ schema: 1, clients });
  });
  app.post("/v1/clients/:name/renew", async (c) => {
    const name = c.req.param("name");
    const { expiresInSeconds, overlapSeconds } = await body(c, renewalSchema);
    const now = context.now();
    const token = newToken(context);
    const expiresAt = now + expiresInSeconds;
    const renewal = { tokenHash: tokenHash(token), expiresAt, earlierUntil: now + overlapSeconds, now };
    const client = store.mintClients.renew(name, renewal);
    if (client === null)
      throw new HostError(
        "not-found",
        `no client that is not revoked and has a token is called ${name}`,
        "`bootseed-host client ls` shows them; one by ssh has no token",
        EXIT.usage,
      );
    const id = toHex(client.clientId);
    const { earlierUntil } = client;
    log.info({ id, client: name, expiresAt, earlierUntil }, "token of a mint client renewed");
    const { pins, addresses } = context.identity.statement;
    return Response.json({ id, token, expiresAt, earlierUntil, pins: pins.map((pin) => toHex(pin)), addresses });
  });
  app.post("/v1/clients/:name/revoke", (c) => {
    const name = c.req.param("name");
    const client = store.mintClients.revoke(name, context.now());
    if (client === null)
      throw new HostError(
        "not-found",
        `no client that is not revoked is called ${name}`,
        "`bootseed-host client ls` shows them",
        EXIT.usage,
      );
    const id = toHex(client.clientId);
    log.warn({ id, client: name }, "mint client revoked");
    return Response.json({ id, name });
  });
  return app;
}

function newToken({ random }: HostContext): string {
  const bytes = random(TOKEN_BYTES);
  const text = Buffer.from(bytes).toString("base64url");
  wipe(bytes);
  return text;
}
