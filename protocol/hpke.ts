/**
 * HPKE (RFC 9180), single shot, mode_psk: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 * https://www.rfc-editor.org/rfc/rfc9180 : names are the RFC's. Synchronous OpenSSL: libraries over WebCrypto spend
 * most of a seal in promises.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  type KeyObject,
} from "node:crypto";
import { concat, u16be, u8, utf8, wipe } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { checkX25519, privateKeyObject, publicKeyObject, rawPublicKey } from "./keys.ts";
import { hkdfExpand, hkdfExtract } from "./mac.ts";

const MODE_PSK = 0x01;
const KEM_ID = 0x0020;
const KDF_ID = 0x0001;
const AEAD_ID = 0x0003;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const HPKE_V1 = utf8("HPKE-v1");
const KEM_SUITE = concat(utf8("KEM"), u16be(KEM_ID));
const HPKE_SUITE = concat(utf8("HPKE"), u16be(KEM_ID), u16be(KDF_ID), u16be(AEAD_ID));
const EMPTY = new Uint8Array(0);

/** What both ends must agree on. */
export interface PskContext {
  readonly info: Uint8Array;
  /** at least 32 bytes (RFC 9180 section 9.5) */
  readonly psk: Uint8Array;
  readonly pskId: Uint8Array;
  readonly aad: Uint8Array;
}

/** What a seal gives. `exporterSecret` is a secret. */
export interface Sealed {
  /** encapsulated key, 32 bytes */
  readonly enc: Uint8Array;
  /** ciphertext ‖ tag 16 */
  readonly ct: Uint8Array;
  readonly exporterSecret: Uint8Array;
}

/**
 * SealPSK with exporter.
 *
 * @param pkR - the receiver's X25519 key, 32 bytes
 * @param pt - plaintext
 * @param ephemeral - 32-byte skE, for test vectors only; without it OpenSSL makes one
 * @throws BootseedError "small-order-key" @throws RangeError for a PSK under 32 bytes
 */
export function sealPsk(pkR: Uint8Array, context: PskContext, pt: Uint8Array, ephemeral?: Uint8Array): Sealed {
  const key = publicKeyObject("x25519", checkX25519(pkR, "HPKE: pkR"));
  const { enc, sharedSecret } = ephemeral === undefined ? encap(key) : encapWith(key, pkR, ephemeral);
  const keys = keySchedule(sharedSecret, context);
  const cipher = createCipheriv("chacha20-poly1305", keys.key, keys.baseNonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context.aad, { plaintextLength: pt.length });
  const ct = concat(cipher.update(pt), cipher.final(), cipher.getAuthTag());
  wipe(sharedSecret, keys.key);
  return { enc, ct, exporterSecret: keys.exporterSecret };
}

/**
 * OpenPSK with exporter.
 *
 * @param skR - the receiver's X25519 private key, 32 bytes
 * @throws BootseedError "open-failed" for every reason alike: what fails to open must not say why
 */
export function openPsk(
  skR: Uint8Array,
  enc: Uint8Array,
  context: PskContext,
  ct: Uint8Array,
): { readonly pt: Uint8Array; readonly exporterSecret: Uint8Array } {
  const skRObject = privateKeyObject("x25519", skR);
  try {
    if (ct.length < TAG_BYTES) throw new RangeError("ciphertext shorter than its tag");
    const sharedSecret = decapsulate(skRObject, Buffer.from(checkX25519(enc, "HPKE: enc")));
    const keys = keySchedule(sharedSecret, context);
    const decipher = createDecipheriv("chacha20-poly1305", keys.key, keys.baseNonce, { authTagLength: TAG_BYTES });
    const body = ct.subarray(0, ct.length - TAG_BYTES);
    decipher.setAAD(context.aad, { plaintextLength: body.length });
    decipher.setAuthTag(ct.subarray(body.length));
    const pt = concat(decipher.update(body), decipher.final());
    wipe(sharedSecret, keys.key);
    return { pt, exporterSecret: keys.exporterSecret };
  } catch {
    throw new BootseedError("open-failed", "HPKE: the ciphertext does not open with this key, PSK and context");
  }
}

/** Context.Export (RFC 9180 section 5.3). @param length - bytes */
export function exportSecret(exporterSecret: Uint8Array, exporterContext: Uint8Array, length: number): Uint8Array {
  return labeledExpand(HPKE_SUITE, exporterSecret, "sec", exporterContext, length);
}

/** OpenSSL's own DHKEM does Encap of RFC 9180 section 4.1 in one call, ExtractAndExpand included. */
function encap(pkR: KeyObject): { enc: Uint8Array; sharedSecret: Uint8Array } {
  const { ciphertext, sharedKey } = encapsulate(pkR);
  return { enc: Uint8Array.from(ciphertext), sharedSecret: sharedKey };
}

/** Encap (RFC 9180 section 4.1) with a given ephemeral key. */
function encapWith(pkR: KeyObject, pkRm: Uint8Array, skE: Uint8Array): { enc: Uint8Array; sharedSecret: Uint8Array } {
  const privateKey = privateKeyObject("x25519", skE);
  const dh = diffieHellman({ privateKey, publicKey: pkR });
  const enc = rawPublicKey(createPublicKey(privateKey));
  const eaePrk = labeledExtract(KEM_SUITE, EMPTY, "eae_prk", dh);
  const sharedSecret = labeledExpand(KEM_SUITE, eaePrk, "shared_secret", concat(enc, pkRm), KEY_BYTES);
  wipe(dh, eaePrk);
  return { enc, sharedSecret };
}

/** KeySchedule (RFC 9180 section 5.1) for mode_psk. */
function keySchedule(
  sharedSecret: Uint8Array,
  { info, psk, pskId }: PskContext,
): { key: Uint8Array; baseNonce: Uint8Array; exporterSecret: Uint8Array } {
  // Section 9.5: "the PSK MUST have at least 32 bytes of entropy". An empty psk_id would be mode_base (section 5.1,
  // VerifyPSKInputs).
  if (psk.length < 32 || pskId.length === 0)
    throw new RangeError("HPKE: expected a PSK of at least 32 bytes and a psk_id");
  const pskIdHash = labeledExtract(HPKE_SUITE, EMPTY, "psk_id_hash", pskId);
  const infoHash = labeledExtract(HPKE_SUITE, EMPTY, "info_hash", info);
  const context = concat(u8(MODE_PSK), pskIdHash, infoHash);
  const secret = labeledExtract(HPKE_SUITE, sharedSecret, "secret", psk);
  const keys = {
    key: labeledExpand(HPKE_SUITE, secret, "key", context, KEY_BYTES),
    baseNonce: labeledExpand(HPKE_SUITE, secret, "base_nonce", context, NONCE_BYTES),
    exporterSecret: labeledExpand(HPKE_SUITE, secret, "exp", context, KEY_BYTES),
  };
  wipe(secret);
  return keys;
}

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hkdfExtract(salt, HPKE_V1, suite, utf8(label), ikm);
}

function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(prk, concat(u16be(length), HPKE_V1, suite, utf8(label), info), length);
}
