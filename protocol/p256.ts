/**
 * ECDSA on P-256 with SHA-256 (FIPS 186-5), for root keys that live in a TPM. Keys are compressed points of 33 bytes
 * (SEC 1 section 2.3.3), signatures r ‖ s of 64 bytes (IEEE P1363).
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { concat, exactly, fromHex } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import type { Signer } from "./keys.ts";

/** Length of a compressed point. */
export const P256_BYTES = 33;

/** SubjectPublicKeyInfo of a compressed point on prime256v1 (RFC 5480 section 2), without the point. */
const SPKI_HEADER = fromHex("3039301306072a8648ce3d020106082a8648ce3d030107032200");

/** A private key with its public half; a TPM's signer has the same shape. */
export interface P256Key {
  /** 33 bytes */
  readonly publicKey: Uint8Array;
  readonly sign: Signer;
}

/** Whether the signature (64 bytes) is right; false as well for a key that is no point of the curve. */
export function p256Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.from(concat(SPKI_HEADER, exactly(publicKey, P256_BYTES, "P-256 public key")));
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return false;
  }
  return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/**
 * A key in a PEM file (PKCS #8 or SEC 1).
 *
 * @throws BootseedError "unsupported" for a key of another kind, "malformed" for bytes that are none
 */
export function p256Key(pem: string | Uint8Array): P256Key {
  const key = privateKey(pem);
  const { x, y } = createPublicKey(key).export({ format: "jwk" });
  const [bytesX, bytesY] = [Buffer.from(x ?? "", "base64url"), Buffer.from(y ?? "", "base64url")];
  const publicKey = concat(Uint8Array.of(2 + ((bytesY.at(-1) ?? 0) & 1)), bytesX);
  return { publicKey, sign: (message) => Uint8Array.from(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" })) };
}

function privateKey(pem: string | Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(typeof pem === "string" ? pem : Buffer.from(pem));
  } catch {
    // Without a cause: what OpenSSL says of a key file may quote it.
    throw new BootseedError("malformed", "P-256 key: expected a private key in PEM (PKCS #8 or SEC 1)");
  }
  const curve = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
  if (curve === "prime256v1") return key;
  throw new BootseedError("unsupported", `P-256 key: expected a key on prime256v1, got ${curve ?? "another"}`);
}
