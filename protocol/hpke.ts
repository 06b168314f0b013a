/**
 * HPKE (RFC 9180), single shot, mode_psk: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 * https://www.rfc-editor.org/rfc/rfc9180 : names are the RFC's. Synchronous OpenSSL: libraries over WebCrypto spend
 * most of a seal in promises.
 */
import { aeadOpen, aeadSeal, type AeadKey } from "./aead.ts";
import { concat, u16be, u8, utf8, wipe } from "./bytes.ts";
import { decap, encap, KEM_ID } from "./dhkem.ts";
import { BootseedError } from "./errors.ts";
import { labeledExpand, labeledExtract } from "./labeled-hkdf.ts";

const MODE_PSK = 0x01;
const KDF_ID = 0x0001;
const AEAD_ID = 0x0003;
const SUITE = concat(utf8("HPKE"), u16be(KEM_ID), u16be(KDF_ID), u16be(AEAD_ID));
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
 * @param ephemeral - skE: 32 random bytes for this seal alone; without it OpenSSL makes one
 * @throws BootseedError "small-order-key"
 * @throws RangeError for a PSK under 32 bytes
 */
export function sealPsk(pkR: Uint8Array, context: PskContext, pt: Uint8Array, ephemeral?: Uint8Array): Sealed {
  const { enc, sharedSecret } = encap(pkR, ephemeral);
  const { aead, exporterSecret } = keySchedule(sharedSecret, context);
  const ct = aeadSeal(aead, context.aad, pt);
  wipe(sharedSecret, aead.key);
  return { enc, ct, exporterSecret };
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
  try {
    const sharedSecret = decap(enc, skR);
    const { aead, exporterSecret } = keySchedule(sharedSecret, context);
    const pt = aeadOpen(aead, context.aad, ct);
    wipe(sharedSecret, aead.key);
    return { pt, exporterSecret };
  } catch {
    throw new BootseedError("open-failed", "HPKE: the ciphertext does not open with this key, PSK and context");
  }
}

/** Context.Export (RFC 9180 section 5.3). @param length - bytes */
export function exportSecret(exporterSecret: Uint8Array, exporterContext: Uint8Array, length: number): Uint8Array {
  return labeledExpand(SUITE, exporterSecret, "sec", exporterContext, length);
}

/** KeySchedule (RFC 9180 section 5.1) for mode_psk. */
function keySchedule(
  sharedSecret: Uint8Array,
  { info, psk, pskId }: PskContext,
): { readonly aead: AeadKey; readonly exporterSecret: Uint8Array } {
  // Section 9.5: "the PSK MUST have at least 32 bytes of entropy". An empty psk_id would be mode_base (section 5.1,
  // VerifyPSKInputs).
  if (psk.length < 32 || pskId.length === 0)
    throw new RangeError("HPKE: expected a PSK of at least 32 bytes and a psk_id");
  const pskIdHash = labeledExtract(SUITE, EMPTY, "psk_id_hash", pskId);
  const infoHash = labeledExtract(SUITE, EMPTY, "info_hash", info);
  const context = concat(u8(MODE_PSK), pskIdHash, infoHash);
  const secret = labeledExtract(SUITE, sharedSecret, "secret", psk);
  const key = labeledExpand(SUITE, secret, "key", context, 32);
  const nonce = labeledExpand(SUITE, secret, "base_nonce", context, 12);
  const exporterSecret = labeledExpand(SUITE, secret, "exp", context, 32);
  wipe(secret);
  return { aead: { key, nonce }, exporterSecret };
}
