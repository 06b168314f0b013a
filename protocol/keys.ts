/**
 * Ed25519 (RFC 8032) and X25519 (RFC 7748) on raw 32-byte keys, by OpenSSL through node:crypto. Small-order public keys
 * are refused when first seen: with one of those, a signature verifies for (almost) any message, and a Diffie-Hellman
 * secret does not depend on the private key.
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { concat, exactly, fromHex, toHex } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { withoutStack } from "./without-stack.ts";

/** Signs a message; what holds the key (a file, a TPM) is nobody else's business. Returns 64 bytes for suite 1. */
export type Signer = (message: Uint8Array) => Uint8Array;

/** A raw key pair, 32 bytes each. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

type Curve = "ed25519" | "x25519";

/** RFC 8410 section 7: a PKCS #8 header, after which the 32 raw bytes follow. */
const PKCS8_HEADER: Record<Curve, Uint8Array> = {
  ed25519: fromHex("302e020100300506032b657004220420"),
  x25519: fromHex("302e020100300506032b656e04220420"),
};

/** RFC 8410 section 4: a SubjectPublicKeyInfo header, likewise. */
const SPKI_HEADER: Record<Curve, Uint8Array> = {
  ed25519: fromHex("302a300506032b6570032100"),
  x25519: fromHex("302a300506032b656e032100"),
};

/** Whether this Node takes raw keys, which is quicker; guests may have 18, which does not. */
const RAW_KEYS: boolean = takesRawKeys();

/**
 * y coordinates of the eight points of small order, with those encodings that are not reduced modulo p = 2^255 - 19;
 * little-endian, sign bit cleared. Both values of the sign bit are refused.
 */
const SMALL_ORDER_ED25519: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/**
 * u coordinates of small order on the curve and on its twist, reduced or not; the top bit is ignored by RFC 7748
 * section 5.
 */
const SMALL_ORDER_X25519: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** Refuses an Ed25519 public key of small order. @returns the key @throws BootseedError "small-order-key" */
export function checkEd25519(publicKey: Uint8Array, field: string): Uint8Array {
  return checkOrder(publicKey, SMALL_ORDER_ED25519, field);
}

/** Refuses an X25519 public key of small order. @returns the key @throws BootseedError "small-order-key" */
export function checkX25519(publicKey: Uint8Array, field: string): Uint8Array {
  return checkOrder(publicKey, SMALL_ORDER_X25519, field);
}

/** Whether 32 bytes encode an Ed25519 point of small order, reduced or not, with either sign. */
export function isSmallOrderEd25519(point: Uint8Array): boolean {
  return SMALL_ORDER_ED25519.has(withoutTopBit(point));
}

function withoutTopBit(bytes: Uint8Array): string {
  const masked = new Uint8Array(bytes);
  masked[31] = (masked[31] ?? 0) & 0x7f;
  return toHex(masked);
}

function checkOrder(publicKey: Uint8Array, refused: ReadonlySet<string>, field: string): Uint8Array {
  if (refused.has(withoutTopBit(exactly(publicKey, 32, field))))
    throw new BootseedError("small-order-key", `${field}: a public key of small order proves nothing: make a new key`);
  return publicKey;
}

function takesRawKeys(): boolean {
  try {
    createPublicKey({ key: Buffer.alloc(32, 9), format: "raw-public", asymmetricKeyType: "x25519" });
    return true;
  } catch {
    return false;
  }
}

/** A public key as an object that OpenSSL can use again and again (making one costs 6 µs). */
export function publicKeyObject(curve: Curve, publicKey: Uint8Array): KeyObject {
  const raw = Buffer.from(exactly(publicKey, 32, `${curve} public key`));
  return withoutStack(() =>
    RAW_KEYS
      ? createPublicKey({ key: raw, format: "raw-public", asymmetricKeyType: curve })
      : createPublicKey({ key: Buffer.from(concat(SPKI_HEADER[curve], raw)), format: "der", type: "spki" }),
  );
}

/** A private key (RFC 8032 seed, RFC 7748 scalar before clamping) as an object. */
export function privateKeyObject(curve: Curve, privateKey: Uint8Array): KeyObject {
  const raw = exactly(privateKey, 32, `${curve} private key`);
  if (RAW_KEYS) {
    const key = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    return withoutStack(() => createPrivateKey({ key, format: "raw-private", asymmetricKeyType: curve }));
  }
  const der = Buffer.from(concat(PKCS8_HEADER[curve], raw));
  try {
    return withoutStack(() => createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  } finally {
    der.fill(0);
  }
}

/** The raw 32 bytes of the public half of a key object. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  if (RAW_KEYS) return new Uint8Array(publicKey.export({ format: "raw-public" }));
  const spki = publicKey.export({ format: "der", type: "spki" });
  return Uint8Array.from(spki.subarray(spki.length - 32));
}

/** Key pair from 32 random bytes. @param randomness32 - from a generator; becomes the private key (a copy) */
export function keyPair(curve: Curve, randomness32: Uint8Array): KeyPair {
  const publicKey = rawPublicKey(privateKeyObject(curve, randomness32));
  return { publicKey, privateKey: Uint8Array.from(randomness32) };
}

/** A signer over an Ed25519 seed; the key object is made once. */
export function ed25519Signer(privateKey: Uint8Array): Signer {
  const key = privateKeyObject("ed25519", privateKey);
  return (message) => new Uint8Array(sign(null, message, key));
}
