/**
 * DHKEM(X25519, HKDF-SHA256), RFC 9180 section 4.1. OpenSSL's own, ExtractAndExpand included, in one synchronous call
 * each way.
 */
import nodeCrypto, { type KeyObject } from "node:crypto";
import { concat, u16be, utf8, wipe } from "./bytes.ts";
import { checkX25519, privateKeyObject, publicKeyObject, rawPublicKey } from "./keys.ts";
import { labeledExpand, labeledExtract } from "./labeled-hkdf.ts";

/** KEM identifier of RFC 9180 section 7.1. */
export const KEM_ID = 0x0020;

const KEM_SUITE = concat(utf8("KEM"), u16be(KEM_ID));

/** An encapsulated key and the secret that only its two ends know, 32 bytes each. */
export interface Encapsulated {
  readonly enc: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/**
 * Encap(pkR).
 *
 * @param skE - 32-byte ephemeral private key, used for this alone; without it OpenSSL makes one
 * @throws BootseedError "small-order-key"
 */
export function encap(pkR: Uint8Array, skE?: Uint8Array): Encapsulated {
  const key = publicKeyObject("x25519", checkX25519(pkR, "HPKE: pkR"));
  if (skE === undefined) {
    const { ciphertext, sharedKey } = nodeCrypto.encapsulate(key);
    return { enc: new Uint8Array(ciphertext), sharedSecret: sharedKey };
  }
  const own = privateKeyObject("x25519", skE);
  const enc = rawPublicKey(own);
  return { enc, sharedSecret: extractAndExpand(agree(own, key), enc, pkR) };
}

/**
 * Decap(enc, skR): by OpenSSL, or step by step on a Node (below 24.7) that cannot ask it; guests may have 18.
 * @throws BootseedError "small-order-key"; RangeError or an error of OpenSSL for bytes that are no key
 */
export function decap(enc: Uint8Array, skR: Uint8Array): Uint8Array {
  checkX25519(enc, "HPKE: enc");
  if (typeof nodeCrypto.decapsulate !== "function") return decapByHand(enc, skR);
  return nodeCrypto.decapsulate(privateKeyObject("x25519", skR), Buffer.from(enc));
}

/** The same, from X25519 and HKDF (RFC 9180 section 4.1). */
export function decapByHand(enc: Uint8Array, skR: Uint8Array): Uint8Array {
  const dh = x25519(skR, enc);
  return extractAndExpand(dh, enc, rawPublicKey(privateKeyObject("x25519", skR)));
}

/** ExtractAndExpand (RFC 9180 section 4.1) with kem_context = enc ‖ pkR. `dh` is wiped. */
function extractAndExpand(dh: Uint8Array, enc: Uint8Array, pkR: Uint8Array): Uint8Array {
  const eaePrk = labeledExtract(KEM_SUITE, new Uint8Array(0), "eae_prk", dh);
  const sharedSecret = labeledExpand(KEM_SUITE, eaePrk, "shared_secret", concat(enc, pkR), 32);
  wipe(dh, eaePrk);
  return sharedSecret;
}

/** X25519 (RFC 7748 section 5). @throws an error of OpenSSL if the result is all zeros, as section 6.1 allows */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return agree(privateKeyObject("x25519", privateKey), publicKeyObject("x25519", publicKey));
}

function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  const secret = nodeCrypto.diffieHellman({ privateKey, publicKey });
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
