/** Clients of the mint, for operators: part of the mint API. The answer to a client's making is its token's only copy. */
import { toHex, wipe } from "@bootseed/protocol";
import { Hono } from "hono";
import { z } from "zod";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import type { MintRole } from "../store/store.ts";
import { body } from "./body.ts";
import { globProblem } from "./glob.ts";
import { tokenHash } from "./recognise.ts";

const CLIENT_ID_BYTES = 8;
const TOKEN_BYTES = 32;
const YEAR = 366 * 86_400;
const HOUR = 3600;

/** What a client's stacks may be, here and in the config. */
export const stackGlobs: z.ZodType<string[]> = z
  .array(
    z.string().superRefine((pattern, context) => {
      const problem = globProblem(pattern);
      if (problem !== null) context.addIssue({ code: "custom", message: `${pattern}: ${problem}` });
    }),
  )
  .min(1, "expected at least one stack, such as acme/**")
  .max(32, "expected at most 32 stacks");

/** Seeds per hour. */
export const quota: z.ZodType<number> = z.int("expected seeds per hour").min(1).max(1_000_000);

const newClientSchema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "expected 1 to 63 letters, digits, dots and dashes"),
    role: z.enum(["mint", "read", "admin"]),
    stacks: stackGlobs,
    quotaPerHour: quota.nullable(),
    expiresInSeconds: z.int().min(60).max(YEAR).nullable(),
    by: z.enum(["token", "ssh"]),
  })
  .refine(({ role, stacks }) => role !== "admin" || stacks.includes("**"), "an admin has all stacks: leave them out")
  .refine(({ by, expiresInSeconds }) => by === "ssh" || expiresInSeconds !== null, "a token needs an end");

/** Answer of `POST /v1/clients`; `token` is a secret, and null for one that comes through ssh. */
export const newClientAnswerSchema: z.ZodType<NewClientAnswer> = z.object({
  id: z.string(),
  token: z.string().nullable(),
  expiresAt: z.number().nullable(),
  pins: z.array(z.string()),
  addresses: z.array(z.string()),
});
export type NewClientAnswer = {
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
    }),
  ),
});

/** `POST /v1/clients`, `GET /v1/clients`, `POST /v1/clients/{name}/revoke`. */
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
      const fix = "choose another name, or revoke that one first: bootseed-host client revoke";
      throw new HostError("conflict", `a client is called ${name} already`, fix, EXIT.cantCreate);
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
  app.post("/v1/clients/:name/revoke", (c) => {
    const name = c.req.param("name");
    const client = store.mintClients.revoke(name, context.now());
    if (client === null)
      throw new HostError(
        "not-found",
        `no client that is not revoked is called ${name}`,
        "see `client ls`",
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
