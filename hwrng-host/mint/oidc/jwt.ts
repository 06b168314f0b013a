/**
 * JSON Web Tokens of a CI system (RFC 7515, 7519), as far as this host takes them: compact form, RS256 and ES256, a key
 * that the issuer publishes. `alg` never chooses the key: the key says which algorithm it is for.
 */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { Unauthorized } from "../caller.ts";

/** Clocks of two machines differ, seconds. */
const LEEWAY = 30;
/** CI tokens live for minutes; one that lives for longer than a day is not one of them. */
const MAX_LIFETIME = 86_400;
const MIN_RSA_BITS = 2048;

const ALGORITHMS: readonly Algorithm[] = ["RS256", "ES256"];
type Algorithm = "RS256" | "ES256";

const headerSchema = z.object({
  alg: z.string().max(16),
  kid: z.string().min(1).max(256),
  crit: z.undefined().optional(),
});
const seconds = z.number().min(0).max(8e12);
type Claims = { iss: string; sub: string; aud: string | string[]; exp: number; iat: number; nbf?: number | undefined };
const claimsSchema: z.ZodType<Claims> = z.object({
  iss: z.string().max(255),
  sub: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\u0021-\u007e]+$/),
  aud: z.union([z.string().max(255), z.array(z.string().max(255)).max(16)]),
  exp: seconds,
  iat: seconds,
  nbf: seconds.optional(),
});

/** What a token says of itself; nothing of it is believed before {@link verifyJwt}. */
export type ParsedJwt = {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Uint8Array;
};

/** A key as an issuer publishes it (RFC 7517). */
export type Jwk = JsonWebKey & { readonly kid?: unknown; readonly use?: unknown; readonly alg?: unknown };

/** @throws Unauthorized */
export function parseJwt(token: string): ParsedJwt {
  const parts = token.split(".");
  const [head = "", body = "", mac = ""] = parts;
  if (parts.length !== 3) throw refused(`expected three parts, got ${parts.length}`);
  const header = headerSchema.safeParse(json(head, "header"));
  if (!header.success) throw refused("expected a header with alg and kid, and without crit");
  const alg = ALGORITHMS.find((one) => one === header.data.alg);
  if (alg === undefined) throw refused(`expected alg RS256 or ES256, got ${JSON.stringify(header.data.alg)}`);
  const claims = claimsSchema.safeParse(json(body, "body"));
  if (!claims.success)
    throw refused(`claim ${claims.error.issues[0]?.path.join(".") ?? ""}: missing or not as expected`);
  return {
    alg,
    kid: header.data.kid,
    claims: claims.data,
    signed: `${head}.${body}`,
    signature: octets(mac, "signature"),
  };
}

/** @param now seconds since 1970 @throws Unauthorized */
export function verifyJwt(jwt: ParsedJwt, key: Jwk, expected: { issuer: string; audience: string }, now: number): void {
  const { alg, claims, signed, signature } = jwt;
  // RFC 7518, 3.4: the signature of ES256 is R ‖ S, 64 bytes, not DER.
  const publicKey = keyFor(alg, key);
  const options = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", Buffer.from(signed), options, signature)) throw refused("its signature is not the issuer's");
  const { iss, aud, exp, iat, nbf } = claims;
  if (iss !== expected.issuer) throw refused(`expected iss ${expected.issuer}, got ${JSON.stringify(iss)}`);
  if (![aud].flat().includes(expected.audience))
    throw refused(`expected aud ${expected.audience}, got ${JSON.stringify(aud)}`);
  if (exp <= now - LEEWAY) throw refused(`it expired ${now - exp} s ago`);
  if (iat > now + LEEWAY || (nbf ?? 0) > now + LEEWAY) throw refused("it is from the future: is a clock wrong?");
  if (exp - iat > MAX_LIFETIME) throw refused(`it lives for ${exp - iat} s; at most ${MAX_LIFETIME} are taken`);
}

function keyFor(alg: Algorithm, jwk: Jwk): KeyObject {
  if (jwk.kty !== (alg === "RS256" ? "RSA" : "EC") || (jwk.alg !== undefined && jwk.alg !== alg))
    throw refused(`its key is not for ${alg}`);
  if (jwk.use !== undefined && jwk.use !== "sig") throw refused("its key is not for signatures");
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw refused("the issuer published its key in a form that is not understood");
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (alg === "RS256" && modulusLength < MIN_RSA_BITS) throw refused(`its key has ${modulusLength} bits: too few`);
  if (alg === "ES256" && namedCurve !== "prime256v1") throw refused("its key is not on P-256");
  return key;
}

function octets(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  // Buffer.from skips what it does not know: only one text may stand for one token.
  if (text === "" || bytes.toString("base64url") !== text) throw refused(`its ${what} is not base64url`);
  return bytes;
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(octets(text, what)).toString("utf8"));
  } catch {
    throw refused(`its ${what} is not JSON`);
  }
}

/** The reason, and never the token: the log has it too. */
export const refused = (why: string): Unauthorized =>
  new Unauthorized(`the JWT is refused: ${why}`, "compare the CI job's token with `oidc:` in the host's config");
