/**
 * Join: how a machine that was created without a seed is enrolled, by an operator's token in place of a claim key.
 *
 *     join token = version ‖ hostId 8 ‖ tokenId 16 ‖ joinKey 32 ‖ lp(statement) ‖ SHA-256 of all before 32
 *     request    = body ‖ HMAC-SHA-256(joinKey, label ‖ tlsPin 32 ‖ body)
 *     body       = version ‖ hostId 8 ‖ tokenId 16 ‖ identityPk 32 ‖ boot_id 16 ‖ lp(instance-id) ‖ lp(name)
 *     answer     = 64 fresh bytes ‖ psk 32 ‖ certificate 165
 *
 * The seedId follows from token, identity and instance, so the same machine that asks again gets the same enrolment.
 */
import { concat, equalConstantTime, exactly, lp, Reader, u8, utf8 } from "./bytes.ts";
import { CERTIFICATE_BYTES, parseCertificate } from "./certificate.ts";
import { MAX_INSTANCE_ID_BYTES } from "./claim.ts";
import { BootseedError } from "./errors.ts";
import { checkEd25519 } from "./keys.ts";
import { label, VERSION } from "./labels.ts";
import { hmacSha256, key32, sha256 } from "./mac.ts";
import { parseStatement } from "./statement.ts";

const MAX_NAME_BYTES = 63;
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;

/** What an operator gives a machine. `joinKey` is a secret. */
export interface JoinToken {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes: what the host counts uses by */
  readonly tokenId: Uint8Array;
  /** 32 bytes: MAC key of the request */
  readonly joinKey: Uint8Array;
  /** the host's statement, whole: root, pins, addresses */
  readonly statement: Uint8Array;
}

/** What a request says. */
export interface JoinFields {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes */
  readonly tokenId: Uint8Array;
  /** Ed25519, 32 bytes */
  readonly identityPk: Uint8Array;
  /** the kernel's boot_id, 16 bytes: evidence only */
  readonly bootId: Uint8Array;
  /** 1 to 255 bytes of UTF-8 */
  readonly instanceId: string;
  /** 1 to 63 letters, digits, dots and dashes, one that the token allows; empty: the token's only name */
  readonly name: string;
}

/** A parsed request. */
export interface Join extends JoinFields {
  /** 32 bytes */
  readonly mac: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/** An answer. `freshBytes` and `psk` are secrets. */
export interface JoinAnswer {
  /** 64 bytes, new in every answer: mixed into the guest's kernel */
  readonly freshBytes: Uint8Array;
  /** 32 bytes: protects every delivery */
  readonly psk: Uint8Array;
  /** 165 bytes */
  readonly certificate: Uint8Array;
}

/** joinKey = HMAC-SHA-256(K_join, label join ‖ tokenId), 32 bytes. */
export function joinKeyFor(kJoin: Uint8Array, tokenId: Uint8Array): Uint8Array {
  return hmacSha256(key32(kJoin, "kJoin"), label("join"), exactly(tokenId, 16, "tokenId"));
}

/** seedId = first 16 bytes of HMAC-SHA-256(K_join, label join ‖ "seed" ‖ tokenId ‖ identityPk ‖ SHA-256(instance-id)). */
export function joinSeedIdFor(
  kJoin: Uint8Array,
  tokenId: Uint8Array,
  identityPk: Uint8Array,
  instanceIdHash: Uint8Array,
): Uint8Array {
  const about = concat(
    utf8("seed"),
    exactly(tokenId, 16, "tokenId"),
    exactly(identityPk, 32, "identityPk"),
    exactly(instanceIdHash, 32, "instanceIdHash"),
  );
  return hmacSha256(key32(kJoin, "kJoin"), label("join"), about).slice(0, 16);
}

/** @returns 91 bytes + the statement @throws RangeError for a field of the wrong length */
export function encodeJoinToken(token: JoinToken): Uint8Array {
  const body = concat(
    u8(VERSION),
    exactly(token.hostId, 8, "hostId"),
    exactly(token.tokenId, 16, "tokenId"),
    exactly(token.joinKey, 32, "joinKey"),
    lp(token.statement),
  );
  return concat(body, sha256(body));
}

/** @throws BootseedError "malformed", "bad-version", "bad-checksum", "mismatch", and those of `parseStatement` */
export function parseJoinToken(bytes: Uint8Array): JoinToken {
  const reader = new Reader(bytes, "join token");
  reader.version();
  const token: JoinToken = {
    hostId: reader.take(8, "hostId"),
    tokenId: reader.take(16, "tokenId"),
    joinKey: reader.take(32, "joinKey"),
    statement: reader.lp("statement"),
  };
  const covered = bytes.subarray(0, reader.offset);
  const checksum = reader.take(32, "checksum");
  reader.end();
  if (!equalConstantTime(checksum, sha256(covered)))
    throw new BootseedError("bad-checksum", "join token: the checksum is wrong: it was damaged; copy it again");
  if (!equalConstantTime(parseStatement(token.statement).hostId, token.hostId))
    throw new BootseedError("mismatch", "join token: its statement belongs to another host");
  return token;
}

/**
 * @param joinKey - 32 bytes, from the token
 * @param tlsPin - SHA-256 of the certificate that the server showed in this very connection, 32 bytes
 * @throws RangeError for a field of the wrong length or a name with other characters
 */
export function encodeJoin(fields: JoinFields, joinKey: Uint8Array, tlsPin: Uint8Array): Uint8Array {
  const instanceId = utf8(fields.instanceId);
  if (instanceId.length < 1 || instanceId.length > MAX_INSTANCE_ID_BYTES)
    throw new RangeError(`instanceId: expected 1 to ${MAX_INSTANCE_ID_BYTES} bytes, got ${instanceId.length}`);
  if (fields.name !== "" && !NAME.test(fields.name))
    throw new RangeError(`name: expected 1 to ${MAX_NAME_BYTES} letters, digits, dots and dashes, got ${fields.name}`);
  const body = concat(
    u8(VERSION),
    exactly(fields.hostId, 8, "hostId"),
    exactly(fields.tokenId, 16, "tokenId"),
    exactly(fields.identityPk, 32, "identityPk"),
    exactly(fields.bootId, 16, "bootId"),
    lp(instanceId),
    lp(utf8(fields.name)),
  );
  return concat(body, joinMac(body, joinKey, tlsPin));
}

/** Reads a request; trust comes from `verifyJoinMac`. @throws BootseedError "malformed", "bad-version", "small-order-key" */
export function parseJoin(bytes: Uint8Array): Join {
  const reader = new Reader(bytes, "join");
  reader.version();
  const join: Join = {
    hostId: reader.take(8, "hostId"),
    tokenId: reader.take(16, "tokenId"),
    identityPk: checkEd25519(reader.take(32, "identityPk"), "join: identityPk"),
    bootId: reader.take(16, "bootId"),
    instanceId: reader.text(MAX_INSTANCE_ID_BYTES, "instanceId"),
    name: reader.text(MAX_NAME_BYTES, "name", 0),
    mac: reader.take(32, "mac"),
    bytes: Uint8Array.from(bytes),
  };
  reader.end();
  if (join.name !== "" && !NAME.test(join.name)) reader.refuse("name: expected letters, digits, dots and dashes");
  return join;
}

/** @param tlsPin - SHA-256 of the server's own certificate, 32 bytes @throws BootseedError "bad-mac" */
export function verifyJoinMac(join: Join, joinKey: Uint8Array, tlsPin: Uint8Array): void {
  const body = join.bytes.subarray(0, join.bytes.length - 32);
  if (!equalConstantTime(join.mac, joinMac(body, joinKey, tlsPin)))
    throw new BootseedError("bad-mac", "join: the MAC is wrong: not made with this token for this TLS certificate");
}

/** @returns 261 bytes */
export function encodeJoinAnswer({ freshBytes, psk, certificate }: JoinAnswer): Uint8Array {
  return concat(
    exactly(freshBytes, 64, "freshBytes"),
    exactly(psk, 32, "psk"),
    exactly(certificate, CERTIFICATE_BYTES, "certificate"),
  );
}

/** @throws BootseedError "malformed", and those of `parseCertificate` */
export function parseJoinAnswer(bytes: Uint8Array): JoinAnswer {
  const reader = new Reader(bytes, "join answer");
  const freshBytes = reader.take(64, "freshBytes");
  const psk = reader.take(32, "psk");
  const certificate = reader.take(CERTIFICATE_BYTES, "certificate");
  reader.end();
  parseCertificate(certificate);
  return { freshBytes, psk, certificate };
}

function joinMac(body: Uint8Array, joinKey: Uint8Array, tlsPin: Uint8Array): Uint8Array {
  return hmacSha256(key32(joinKey, "joinKey"), label("join"), exactly(tlsPin, 32, "tlsPin"), body);
}
