/**
 * The reservation token: what makes a reservation stateless. The host writes nothing until it is brought back at
 * commit.
 *
 *     token = expiry u64 ‖ lp(client) ‖ lp(stack) ‖ lp(urn) ‖ source class u8 ‖ HMAC-SHA-256(K_token, label mint ‖ seedId 16 ‖ all before) 32
 *
 * in base64url without padding. The seedId itself travels in the path of the commit.
 */
import { concat, equalConstantTime, exactly, lp, Reader, u64be, u8, utf8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { label } from "./labels.ts";
import { hmacSha256, key32 } from "./mac.ts";

/** What a source may be called: the weakest of those that fed a seed. */
export type SourceClass = "chained" | "physical-conditioned" | "physical-raw";

const CLASS_BYTE: Record<SourceClass, number> = { chained: 1, "physical-conditioned": 2, "physical-raw": 3 };
const MAX_TEXT_BYTES = 4096;

/** What a token says. */
export interface TokenFields {
  /** seconds since 1970 */
  readonly expiry: number;
  /** who asked: `local` on the unix socket */
  readonly client: string;
  /** org/project/stack */
  readonly stack: string;
  readonly urn: string;
  readonly sourceClass: SourceClass;
}

/** @param kToken - from `hostKeys` @returns base64url text */
export function encodeToken(fields: TokenFields, seedId: Uint8Array, kToken: Uint8Array): string {
  const body = concat(
    u64be(fields.expiry),
    lp(utf8(fields.client)),
    lp(utf8(fields.stack)),
    lp(utf8(fields.urn)),
    u8(CLASS_BYTE[fields.sourceClass]),
  );
  return Buffer.from(concat(body, tokenMac(body, seedId, kToken))).toString("base64url");
}

/**
 * Verifies a token for a seedId; the MAC comes first, so nothing of a forged token is ever looked at.
 *
 * @param now - seconds since 1970
 * @throws BootseedError "bad-token" (forged, damaged, another seedId), "expired"
 */
export function verifyToken(token: string, seedId: Uint8Array, kToken: Uint8Array, now: number): TokenFields {
  const bytes = Uint8Array.from(Buffer.from(token, "base64url"));
  const body = bytes.subarray(0, Math.max(0, bytes.length - 32));
  // Buffer.from skips characters it does not know: only one text may stand for one token.
  const canonical = Buffer.from(bytes).toString("base64url") === token;
  if (!canonical || !equalConstantTime(bytes.subarray(body.length), tokenMac(body, seedId, kToken)))
    throw new BootseedError("bad-token", "reservation token: not made by this host for this seed: reserve again");
  const fields = readFields(body);
  if (fields.expiry <= now) throw new BootseedError("expired", "reservation token: it has expired: reserve again");
  return fields;
}

function readFields(body: Uint8Array): TokenFields {
  const reader = new Reader(body, "reservation token");
  const head = {
    expiry: reader.u64("expiry"),
    client: reader.text(MAX_TEXT_BYTES, "client"),
    stack: reader.text(MAX_TEXT_BYTES, "stack"),
    urn: reader.text(MAX_TEXT_BYTES, "urn"),
  };
  const byte = reader.u8("source class");
  const sourceClass = (Object.keys(CLASS_BYTE) as SourceClass[]).find((name) => CLASS_BYTE[name] === byte);
  reader.end();
  return sourceClass === undefined
    ? reader.refuse(`source class: expected 1 to 3, got ${byte}`)
    : { ...head, sourceClass };
}

function tokenMac(body: Uint8Array, seedId: Uint8Array, kToken: Uint8Array): Uint8Array {
  return hmacSha256(key32(kToken, "kToken"), label("mint"), exactly(seedId, 16, "seedId"), body);
}
