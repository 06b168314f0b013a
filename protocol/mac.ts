/**
 * SHA-256, HMAC-SHA-256 (RFC 2104) and HKDF-SHA256 (RFC 5869) on short inputs. HMAC is built from OpenSSL's one-shot
 * hash: `createHmac` costs four times as much per call here, and a packet needs eight of them.
 */
import nodeCrypto from "node:crypto";
import { concat, exactly, putAt, u8 } from "./bytes.ts";

const HASH_BYTES = 32;
/** Since Node 21.7; guests may have 18, and there speed does not matter. */
const digestOf: (data: Uint8Array) => Buffer =
  typeof nodeCrypto.hash === "function"
    ? (data) => nodeCrypto.hash("sha256", data, "buffer")
    : (data) => nodeCrypto.createHash("sha256").update(data).digest();
/** As latin1: a text is made in a third of the time of a Buffer. */
const digestTextOf: (data: Uint8Array) => string =
  typeof nodeCrypto.hash === "function"
    ? (data) => nodeCrypto.hash("sha256", data, "binary")
    : (data) => digestOf(data).toString("latin1");
const BLOCK_BYTES = 64;

/** SHA-256 of the concatenation of `parts`, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(...parts);
  const digest = digestOf(whole);
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}

/**
 * Where an HMAC is put together. Fresh memory for each would cost more than the hashing: V8 keeps arrays over 64 bytes
 * outside of its heap. Nothing here waits, so no two calls meet; both are wiped before the call ends.
 */
const INNER = new Uint8Array(BLOCK_BYTES + 512);
const OUTER: Buffer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/** HMAC-SHA-256 of the concatenation of `parts`, 32 bytes. @param key - any length */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  // RFC 2104 section 2: keys longer than the block are hashed first.
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  let length = BLOCK_BYTES;
  for (const part of parts) length += part.length;
  const inner = length > INNER.length ? new Uint8Array(length) : INNER.subarray(0, length);
  for (let index = 0; index < BLOCK_BYTES; index++) {
    const byte = short[index] ?? 0;
    inner[index] = byte ^ 0x36;
    OUTER[index] = byte ^ 0x5c;
  }
  putAt(inner, BLOCK_BYTES, parts);
  // A text cannot be wiped, but without K ^ opad this digest tells nothing about key or result. The outer one, a key
  // as often as not, stays in bytes.
  OUTER.write(digestTextOf(inner), BLOCK_BYTES, HASH_BYTES, "latin1");
  const mac = sha256(OUTER);
  // Both hold the key, XORed with a constant; `inner` may hold secret parts.
  inner.fill(0);
  OUTER.fill(0);
  return mac;
}

/** HKDF-Extract (RFC 5869 section 2.2), 32 bytes. An empty salt is a string of zeros. */
export function hkdfExtract(salt: Uint8Array, ...ikm: readonly Uint8Array[]): Uint8Array {
  return hmacSha256(salt, ...ikm);
}

/** HKDF-Expand (RFC 5869 section 2.3). @param length - 0 to 8,160 bytes @throws RangeError beyond */
export function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hkdfExpandParts(prk, [info], length);
}

/** HKDF-Expand whose info comes in parts. */
export function hkdfExpandParts(prk: Uint8Array, info: readonly Uint8Array[], length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 255 * HASH_BYTES)
    throw new RangeError(`HKDF-Expand: expected 0 to ${255 * HASH_BYTES} bytes, got ${length}`);
  const okm = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let counter = 1, done = 0; done < length; counter++, done += HASH_BYTES) {
    block = hmacSha256(prk, block, ...info, u8(counter));
    okm.set(block.subarray(0, length - done), done);
  }
  return okm;
}

/** HKDF-SHA256, extract then expand. */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hkdfExpand(hkdfExtract(salt, ikm), info, length);
}

/** Asserts a 32-byte key. @throws RangeError naming it. */
export function key32(key: Uint8Array, name: string): Uint8Array {
  return exactly(key, 32, name);
}
