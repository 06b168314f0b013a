/**
 * Block_Cipher_df of NIST SP 800-90A Rev. 1, section 10.3.2, over AES-256: the derivation function that
 * spreads input of any length over a seed. https://doi.org/10.6028/NIST.SP.800-90Ar1
 */
import { createCipheriv, createSecretKey } from "node:crypto";

/** AES block in bytes (blocklen). */
export const BLOCK_BYTES = 16;
/** AES-256 key in bytes (keylen). */
export const KEY_BYTES = 32;
/** seedlen = keylen + blocklen. */
export const SEED_BYTES: number = KEY_BYTES + BLOCK_BYTES;

/** Step 8: the fixed key 00 01 02 … 1f. */
const DF_KEY = createSecretKey(Uint8Array.from({ length: KEY_BYTES }, (_, i) => i));

/** BCC (10.3.3) is CBC-MAC with a zero chaining value, so it is the last block of CBC with a zero IV. */
function blockChain(data: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-cbc", DF_KEY, new Uint8Array(BLOCK_BYTES)).setAutoPadding(false);
  const out = cipher.update(data);
  const last = Uint8Array.from(out.subarray(out.length - BLOCK_BYTES));
  out.fill(0);
  return last;
}

/**
 * Derives one seed from `parts`, taken as their concatenation.
 * @param parts input of any length, together less than 2³² bytes; not kept, not changed
 * @returns 48 bytes (seedlen); the caller wipes them
 * @example const seedMaterial = blockCipherDf([entropyInput, nonce, personalization]);
 */
export function blockCipherDf(parts: readonly Uint8Array[]): Uint8Array {
  const inputBytes = parts.reduce((sum, part) => sum + part.length, 0);
  // IV ‖ L ‖ N ‖ input ‖ 0x80, padded with zeros to whole blocks (steps 2 to 4).
  const padded = Math.ceil((8 + inputBytes + 1) / BLOCK_BYTES) * BLOCK_BYTES;
  const message = new Uint8Array(BLOCK_BYTES + padded);
  const view = new DataView(message.buffer);
  view.setUint32(BLOCK_BYTES, inputBytes);
  view.setUint32(BLOCK_BYTES + 4, SEED_BYTES);
  let at = BLOCK_BYTES + 8;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  message[at] = 0x80;

  const temp = new Uint8Array(SEED_BYTES);
  for (let i = 0; i * BLOCK_BYTES < SEED_BYTES; i++) {
    view.setUint32(0, i);
    const last = blockChain(message);
    temp.set(last, i * BLOCK_BYTES);
    last.fill(0);
  }
  message.fill(0);

  // Steps 13 to 15: X_i = AES(K, X_{i-1}), which is CBC over zero blocks with X as the IV.
  const key = temp.subarray(0, KEY_BYTES);
  const x = temp.subarray(KEY_BYTES);
  const cipher = createCipheriv("aes-256-cbc", createSecretKey(key), x).setAutoPadding(false);
  const out = cipher.update(new Uint8Array(SEED_BYTES));
  const seed = Uint8Array.from(out);
  out.fill(0);
  temp.fill(0);
  return seed;
}
