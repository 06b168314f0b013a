/** ChaCha20-Poly1305 (RFC 8439) by OpenSSL; the tag follows the ciphertext, as in RFC 9180. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { concat, exactly } from "./bytes.ts";

const TAG_BYTES = 16;
const CIPHER = "chacha20-poly1305";

/** A key of 32 bytes and the nonce, 12 bytes, of its one message. */
export interface AeadKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** @returns ciphertext ‖ tag 16 @throws RangeError for a key or nonce of another length */
export function aeadSeal({ key, nonce }: AeadKey, aad: Uint8Array, pt: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, keyObject(key), exactly(nonce, 12, "nonce"), {
    authTagLength: TAG_BYTES,
  });
  if (aad.length > 0) cipher.setAAD(aad, { plaintextLength: pt.length });
  const body = cipher.update(pt);
  cipher.final(); // a stream cipher keeps nothing back; this computes the tag
  return concat(body, cipher.getAuthTag());
}

/** @param ct - ciphertext ‖ tag 16 @throws RangeError for lengths, an error of OpenSSL for a wrong tag */
export function aeadOpen({ key, nonce }: AeadKey, aad: Uint8Array, ct: Uint8Array): Uint8Array {
  if (ct.length < TAG_BYTES) throw new RangeError(`ciphertext: expected at least ${TAG_BYTES} bytes, got ${ct.length}`);
  const decipher = createDecipheriv(CIPHER, keyObject(key), exactly(nonce, 12, "nonce"), {
    authTagLength: TAG_BYTES,
  });
  const body = ct.subarray(0, ct.length - TAG_BYTES);
  if (aad.length > 0) decipher.setAAD(aad, { plaintextLength: body.length });
  decipher.setAuthTag(ct.subarray(body.length));
  const pt = decipher.update(body);
  decipher.final(); // throws for a wrong tag
  return new Uint8Array(pt.buffer, pt.byteOffset, pt.length);
}

/** A key object, since raw bytes cost 10 µs more (see `withoutStack`); OpenSSL wipes its copy when it is collected. */
function keyObject(key: Uint8Array): KeyObject {
  return createSecretKey(exactly(key, 32, "key"));
}
