/**
 * The claim: once per host, right after the first reseed, the VM shows that it holds the seed and binds its identity
 * key to it.
 *
 *     request = body ‖ mac 32
 *     body    = version ‖ hostId 8 ‖ seedId 16 ‖ identityPk 32 ‖ boot_id 16 ‖ lp(instance-id)
 *     mac     = HMAC-SHA-256(claimKey, label ‖ tlsPin 32 ‖ body)
 *     answer  = state ‖ 64 fresh bytes ‖ (state 0: claimSecret 32 ‖ certificate 165)
 */
import { concat, equalConstantTime, exactly, lp, Reader, u8, utf8 } from "./bytes.ts";
import { CERTIFICATE_BYTES, parseCertificate } from "./certificate.ts";
import { BootseedError } from "./errors.ts";
import { checkEd25519 } from "./keys.ts";
import { label, VERSION } from "./labels.ts";
import { hmacSha256, key32 } from "./mac.ts";

/** Longest instance-id, in bytes of UTF-8. */
export const MAX_INSTANCE_ID_BYTES = 255;

/**
 * 0 final · 1 provisional (id not known yet: ask again) · 2 pending (an operator decides) · 3 an identity holds this
 * seed already.
 */
export type ClaimState = 0 | 1 | 2 | 3;

/** What a claim says. */
export interface ClaimFields {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** Ed25519, 32 bytes */
  readonly identityPk: Uint8Array;
  /** the kernel's boot_id, 16 bytes: evidence only, it may differ when a claim is repeated */
  readonly bootId: Uint8Array;
  /** 1 to 255 bytes of UTF-8 */
  readonly instanceId: string;
}

/** A parsed claim. */
export interface Claim extends ClaimFields {
  /** 32 bytes */
  readonly mac: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/** An answer. `freshBytes` and `claimSecret` are secrets. */
export interface ClaimAnswer {
  readonly state: ClaimState;
  /** 64 bytes, new in every answer: mixed into the guest's kernel */
  readonly freshBytes: Uint8Array;
  /** 32 bytes, in state 0 only */
  readonly claimSecret?: Uint8Array;
  /** 165 bytes, in state 0 only */
  readonly certificate?: Uint8Array;
}

/**
 * @param claimKey - 32 bytes, from the seed entry
 * @param tlsPin - SHA-256 of the certificate that the server showed in this very connection, 32 bytes
 * @throws RangeError for a field of the wrong length
 */
export function encodeClaim(fields: ClaimFields, claimKey: Uint8Array, tlsPin: Uint8Array): Uint8Array {
  const instanceId = utf8(fields.instanceId);
  if (instanceId.length < 1 || instanceId.length > MAX_INSTANCE_ID_BYTES)
    throw new RangeError(`instanceId: expected 1 to ${MAX_INSTANCE_ID_BYTES} bytes, got ${instanceId.length}`);
  const body = concat(
    u8(VERSION),
    exactly(fields.hostId, 8, "hostId"),
    exactly(fields.seedId, 16, "seedId"),
    exactly(fields.identityPk, 32, "identityPk"),
    exactly(fields.bootId, 16, "bootId"),
    lp(instanceId),
  );
  return concat(body, claimMac(body, claimKey, tlsPin));
}

/**
 * Reads a claim; trust comes from `verifyClaimMac`.
 * @throws BootseedError "malformed", "bad-version", "small-order-key"
 */
export function parseClaim(bytes: Uint8Array): Claim {
  const reader = new Reader(bytes, "claim");
  reader.version();
  const claim: Claim = {
    hostId: reader.take(8, "hostId"),
    seedId: reader.take(16, "seedId"),
    identityPk: checkEd25519(reader.take(32, "identityPk"), "claim: identityPk"),
    bootId: reader.take(16, "bootId"),
    instanceId: reader.text(MAX_INSTANCE_ID_BYTES, "instanceId"),
    mac: reader.take(32, "mac"),
    bytes: Uint8Array.from(bytes),
  };
  reader.end();
  return claim;
}

/**
 * Verifies a claim's MAC, which also binds it to the TLS server that the guest saw: a claim relayed through another
 * server is worthless.
 *
 * @param tlsPin - SHA-256 of the server's own certificate, 32 bytes
 * @throws BootseedError "bad-mac"
 */
export function verifyClaimMac(claim: Claim, claimKey: Uint8Array, tlsPin: Uint8Array): void {
  const body = claim.bytes.subarray(0, claim.bytes.length - 32);
  if (!equalConstantTime(claim.mac, claimMac(body, claimKey, tlsPin)))
    throw new BootseedError(
      "bad-mac",
      "claim: the MAC is wrong: not made with this seed's claim key for this TLS certificate",
    );
}

/** @throws RangeError for a field of the wrong length, or claimSecret and certificate not exactly in state 0 */
export function encodeClaimAnswer(answer: ClaimAnswer): Uint8Array {
  const head = concat(u8(answer.state), exactly(answer.freshBytes, 64, "freshBytes"));
  const { claimSecret, certificate } = answer;
  if (answer.state !== 0) {
    if (claimSecret !== undefined || certificate !== undefined)
      throw new RangeError(`claim answer: state ${answer.state} carries neither claimSecret nor certificate`);
    return head;
  }
  if (claimSecret === undefined || certificate === undefined)
    throw new RangeError("claim answer: state 0 carries claimSecret and certificate");
  return concat(head, exactly(claimSecret, 32, "claimSecret"), exactly(certificate, CERTIFICATE_BYTES, "certificate"));
}

/** Reads an answer: 65 bytes, or 262 in state 0. @throws BootseedError "malformed", and those of `parseCertificate` */
export function parseClaimAnswer(bytes: Uint8Array): ClaimAnswer {
  const reader = new Reader(bytes, "claim answer");
  const state = reader.u8("state");
  if (state !== 0 && state !== 1 && state !== 2 && state !== 3)
    return reader.refuse(`state: expected 0 to 3, got ${state}`);
  const freshBytes = reader.take(64, "freshBytes");
  if (state !== 0) {
    reader.end();
    return { state, freshBytes };
  }
  const claimSecret = reader.take(32, "claimSecret");
  const certificate = reader.take(CERTIFICATE_BYTES, "certificate");
  reader.end();
  parseCertificate(certificate);
  return { state, freshBytes, claimSecret, certificate };
}

function claimMac(body: Uint8Array, claimKey: Uint8Array, tlsPin: Uint8Array): Uint8Array {
  return hmacSha256(key32(claimKey, "claimKey"), label("claim"), exactly(tlsPin, 32, "tlsPin"), body);
}
