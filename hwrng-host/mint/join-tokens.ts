/** Join tokens, for operators: part of the mint API. A token's key is derived; the answer to its making is its only copy. */
import { encodeJoinToken, fromHex, joinKeyFor, toBase64, toHex, wipe } from "@bootseed/protocol";
import { Hono } from "hono";
import { z } from "zod";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import { body } from "./body.ts";
import { namesProblem } from "./name-pattern.ts";

const TOKEN_ID_BYTES = 16;
const YEAR = 366 * 86_400;

const MACHINES = "expected 1 to 100000 machines";
/** Of machines that joined with a token that names no stack. */
export const JOIN_STACK = "local/join/default";
/** As in `bootseed`'s `--stack`: three segments of printable ASCII. A `*` is for patterns over stacks. */
const STACK = /^(?=.{5,256}$)[!-)+-.0-~]+\/[!-)+-.0-~]+\/[!-)+-.0-~]+$/;
const SECONDS = `expected 60 to ${YEAR} seconds`;

/** Body of `POST /v1/join-tokens`. */
export const newTokenSchema: z.ZodType<NewToken> = z
  .strictObject({
    name: z.string(),
    uses: z.int(MACHINES).min(1, MACHINES).max(100_000, MACHINES),
    expiresInSeconds: z.int(SECONDS).min(60, SECONDS).max(YEAR, SECONDS),
    stack: z.string().regex(STACK, "expected a stack as org/project/stack").default(JOIN_STACK),
  })
  .superRefine(({ name, uses }, context) => {
    const message = namesProblem(name, uses);
    if (message !== null) context.addIssue({ code: "custom", path: ["name"], message });
  });
/** `name`: what its machines may be called, one name or with one `*` a pattern of names; `stack`: which one they are of. */
export type NewToken = { name: string; uses: number; expiresInSeconds: number; stack: string };

/** Answer of `POST /v1/join-tokens`; `token` is a secret. */
export const newTokenAnswerSchema: z.ZodType<NewTokenAnswer> = z.object({
  id: z.string(),
  token: z.string(),
  expiresAt: z.number(),
});
export type NewTokenAnswer = { id: string; token: string; expiresAt: number };

/** Answer of `GET /v1/join-tokens`; times are seconds since 1970. */
export const tokensAnswerSchema: z.ZodType<TokensAnswer> = z.object({
  schema: z.literal(1),
  tokens: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      names: z.string().nullable(),
      createdAt: z.number(),
      expiresAt: z.number(),
      uses: z.number(),
      stack: z.string(),
      used: z.number(),
      revokedAt: z.number().nullable(),
    }),
  ),
});
export type TokensAnswer = {
  schema: 1;
  tokens: {
    id: string;
    name: string;
    /** Null: made by version 0.3, allows no name. */
    names: string | null;
    createdAt: number;
    expiresAt: number;
    uses: number;
    stack: string;
    used: number;
    revokedAt: number | null;
  }[];
};

/** `POST /v1/join-tokens`, `GET /v1/join-tokens`, `POST /v1/join-tokens/{id}/revoke`. */
export function joinTokenRoutes(context: HostContext): Hono {
  const app = new Hono();
  const { store, log } = context;
  app.post("/v1/join-tokens", async (c) => {
    const { name, uses, expiresInSeconds, stack } = await body(c, newTokenSchema);
    const tokenId = context.random(TOKEN_ID_BYTES);
    const createdAt = context.now();
    const expiresAt = createdAt + expiresInSeconds;
    store.joins.add({ tokenId, names: name, createdAt, expiresAt, uses, stack });
    log.info({ id: toHex(tokenId), name, uses, stack, expiresAt }, "join token made");
    return Response.json({ id: toHex(tokenId), token: tokenText(context, tokenId), expiresAt });
  });
  app.get("/v1/join-tokens", () => {
    const tokens = store.joins.all().map(({ tokenId, ...token }) => ({ id: toHex(tokenId), ...token }));
    return Response.json({ schema: 1, tokens });
  });
  app.post("/v1/join-tokens/:id/revoke", (c) => {
    const id = c.req.param("id");
    if (!store.joins.revoke(fromHex(id, TOKEN_ID_BYTES), context.now()))
      throw new HostError("not-found", `no join token ${id}`, "`bootseed-host join-token ls` shows them", EXIT.usage);
    log.info({ id }, "join token revoked");
    return Response.json({ id });
  });
  return app;
}

function tokenText({ identity }: HostContext, tokenId: Uint8Array): string {
  const { hostId, statement } = identity;
  const joinKey = joinKeyFor(identity.keys.kJoin, tokenId);
  const bytes = encodeJoinToken({ hostId, tokenId, joinKey, statement: statement.bytes });
  const text = toBase64(bytes);
  wipe(joinKey, bytes);
  return text;
}
