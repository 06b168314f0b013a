/**
 * Which Ed25519 signatures are accepted (docs/protocol.md, Signatures). Libraries differ where RFC 8032 leaves a choice,
 * and so do versions of OpenSSL, which every Node brings along. So one exact set is checked here, in two ways:
 *
 * - `ed25519Verify`: @noble/curves does the arithmetic, the same on every Node. 4 ms for a new key, 0.4 ms for one in use.
 * - `ed25519VerifyQuickly`: OpenSSL does it, after the checks on which its versions differ. 0.12 ms, for the host's hellos.
 *
 * noble's own `verify` is not used: it multiplies the equation by the cofactor, so it accepts signatures that OpenSSL
 * and python's cryptography refuse.
 */
import { createHash, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { BootseedError } from "./errors.ts";
import { isSmallOrderEd25519, publicKeyObject } from "./keys.ts";

const { Point } = ed25519;
/** Order of the base point, L. */
const ORDER = Point.Fn.ORDER;

/** Whether a signature of this key over this message is accepted; the key has 32 bytes, the signature 64. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Whether the signature is accepted, by @noble/curves. */
export const ed25519Verify: VerifyEd25519 = (publicKey, message, signature) => {
  if (!isWellFormed(publicKey, signature)) return false;
  const R = signature.subarray(0, 32);
  const k = fromLittleEndian(createHash("sha512").update(R).update(publicKey).update(message).digest()) % ORDER;
  const S = fromLittleEndian(signature.subarray(32));
  try {
    const A = pointOf(publicKey);
    const expected = Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(k)).toBytes();
    return Buffer.compare(expected, R) === 0;
  } catch {
    // The key is no point of the curve.
    return false;
  }
};

/** Whether the signature is accepted, by OpenSSL: the same set. */
export const ed25519VerifyQuickly: VerifyEd25519 = (publicKey, message, signature) =>
  isWellFormed(publicKey, signature) && verify(null, message, publicKeyObject("ed25519", publicKey), signature);

/** @throws BootseedError "bad-signature" unless the Ed25519 signature is accepted. */
export function requireSignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  what: string,
  accepts: VerifyEd25519 = ed25519Verify,
): void {
  if (!accepts(publicKey, message, signature))
    throw new BootseedError(
      "bad-signature",
      `${what}: the signature was not made by the expected key over these bytes`,
    );
}

type Point = InstanceType<typeof Point>;
/** Points of the keys that were used last, with how often; public values all of them. */
const points = new Map<string, { readonly point: Point; uses: number }>();
const MAX_POINTS = 16;
/** Tables for a point cost as much as four signatures, and make each one ten times as quick. */
const USES_BEFORE_TABLES = 16;

/** @throws Error for bytes that are no point of the curve */
function pointOf(publicKey: Uint8Array): Point {
  const name = Buffer.from(publicKey).toString("latin1");
  const known = points.get(name) ?? { point: Point.fromBytes(publicKey, false), uses: 0 };
  if (++known.uses === USES_BEFORE_TABLES) known.point.precompute(6, false);
  if (points.size >= MAX_POINTS && !points.has(name)) points.delete(points.keys().next().value ?? "");
  points.set(name, known);
  return known.point;
}

/** Everything of the set that bytes alone show: lengths, canonical encodings, orders of A and R, S below L. */
function isWellFormed(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const R = signature.subarray(0, 32);
  if (!isReduced(publicKey) || !isReduced(R)) return false;
  return !isSmallOrderEd25519(publicKey) && !isSmallOrderEd25519(R) && fromLittleEndian(signature.subarray(32)) < ORDER;
}

/**
 * Whether y is below p = 2^255 - 19; the top bit is the sign of x. The other encodings that are not canonical, x = 0 with
 * a sign, are of small order.
 */
function isReduced(point: Uint8Array): boolean {
  if ((point[0] ?? 0) < 0xed || ((point[31] ?? 0) & 0x7f) !== 0x7f) return true;
  for (let at = 1; at < 31; at++) if (point[at] !== 0xff) return true;
  return false;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  const words = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let value = 0n;
  for (let at = bytes.length - 8; at >= 0; at -= 8) value = (value << 64n) | words.readBigUInt64LE(at);
  return value;
}
