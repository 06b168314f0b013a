/** Who sent a request: on the socket whoever may open it, over https the owner of a token. */
import { createHash } from "node:crypto";
import { equalConstantTime, toHex } from "@bootseed/protocol";
import type { MintClientRow, Store } from "../store/store.ts";
import { type Caller, LOCAL, type Recognise, Unauthorized } from "./caller.ts";

/**
 * Set by `mint-stdio --client`, which forwards ssh's logins to the socket: whoever may open the socket may do
 * everything, so to be a client there is only ever to be less. Never looked at over https.
 */
export const CLIENT_HEADER = "x-bootseed-client";

/** Recognises a JWT. @throws Unauthorized */
export type RecogniseJwt = (token: string) => Promise<Caller>;

/** What a host keeps of a token. A token has 32 random bytes: no salt, no stretching. */
export const tokenHash = (token: string): Uint8Array =>
  Uint8Array.from(createHash("sha256").update(token, "utf8").digest());

type Known = { readonly store: Pick<Store, "mintClients">; readonly now: () => number };

/** For the unix socket. */
export function recogniseLocal({ store, now }: Known): Recognise {
  return (request) => {
    const name = request.headers.get(CLIENT_HEADER);
    if (name === null) return LOCAL;
    const client = store.mintClients.byName(name);
    // A line left in authorized_keys must not become a token client that was given the name later.
    if (client !== null && client.tokenHash === null) return callerFor(client, now());
    throw new Unauthorized(`no mint client is called ${name} and comes by ssh`, "`bootseed-host client ls` names them");
  };
}

/** For https. @param jwt absent: the config names no issuer */
export function recogniseBearer({ store, now }: Known, jwt?: RecogniseJwt): Recognise {
  return (request) => {
    const token = /^Bearer ([A-Za-z0-9._-]{1,16384})$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw new Unauthorized("expected a token: authorization: Bearer …", NEW_TOKEN);
    if (token.includes(".")) {
      if (jwt !== undefined) return jwt(token);
      throw new Unauthorized("this host takes no JWT: its config names no OIDC issuer", "add `oidc:` to its config");
    }
    const hash = tokenHash(token);
    const client = store.mintClients.byTokenHash(hash);
    // The look-up is by a hash, whose timing says nothing of the token; this is for whoever changes that.
    if (client?.tokenHash && equalConstantTime(client.tokenHash, hash)) return callerFor(client, now());
    throw new Unauthorized("this token is not one of this host's", NEW_TOKEN);
  };
}

const NEW_TOKEN = "ask the host's operator for one: bootseed-host client add NAME --out FILE";

function callerFor(client: MintClientRow, now: number): Caller {
  const { name, role, stacks, quotaPerHour, expiresAt, revokedAt } = client;
  if (revokedAt !== null)
    throw new Unauthorized(`the token of client ${name} was revoked at ${iso(revokedAt)}`, NEW_TOKEN);
  if (expiresAt !== null && expiresAt <= now)
    throw new Unauthorized(`the token of client ${name} expired at ${iso(expiresAt)}`, NEW_TOKEN);
  const id = `client:${toHex(client.clientId)}`;
  return { name, id, account: id, role, stacks, quotaPerHour };
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
