/**
 * Keys from keys. Every secret of every VM comes from one 32-byte host secret, so the database holds none and a
 * restored host recomputes them all.
 */
import { concat, exactly } from "./bytes.ts";
import { label } from "./labels.ts";
import { hkdfSha256, hmacSha256, key32 } from "./mac.ts";

/** The keys of a host, 32 bytes each: K_x = HKDF-SHA256(secret, no salt, info = label x). */
export interface HostKeys {
  /** makes claimKey */
  readonly kClaim: Uint8Array;
  /** makes psk0 and claimSecret */
  readonly kPsk: Uint8Array;
  /** MACs reservation tokens */
  readonly kToken: Uint8Array;
  /** makes join keys and the seedIds of joined machines */
  readonly kJoin: Uint8Array;
}

/** @param secret32 - the host secret, 32 bytes @throws RangeError for another length */
export function hostKeys(secret32: Uint8Array): HostKeys {
  const key = (name: "claim" | "psk" | "token" | "join"): Uint8Array =>
    hkdfSha256(key32(secret32, "host secret"), new Uint8Array(0), label(name), 32);
  return { kClaim: key("claim"), kPsk: key("psk"), kToken: key("token"), kJoin: key("join") };
}

/** claimKey = HMAC-SHA-256(K_claim, seedId), 32 bytes. */
export function claimKeyFor(kClaim: Uint8Array, seedId: Uint8Array): Uint8Array {
  return hmacSha256(key32(kClaim, "kClaim"), exactly(seedId, 16, "seedId"));
}

/** psk0 = HMAC-SHA-256(K_psk, label seed ‖ seedId), 32 bytes: the half of the PSK that travels in user-data. */
export function psk0For(kPsk: Uint8Array, seedId: Uint8Array): Uint8Array {
  return hmacSha256(key32(kPsk, "kPsk"), label("seed"), exactly(seedId, 16, "seedId"));
}

/**
 * claimSecret = HMAC-SHA-256(K_psk, label claim ‖ seedId ‖ identityPk), 32 bytes: the half that travels in the claim's
 * answer.
 */
export function claimSecretFor(kPsk: Uint8Array, seedId: Uint8Array, identityPk: Uint8Array): Uint8Array {
  return hmacSha256(
    key32(kPsk, "kPsk"),
    label("claim"),
    concat(exactly(seedId, 16, "seedId"), exactly(identityPk, 32, "identityPk")),
  );
}

/** psk = HMAC-SHA-256(psk0, label claim ‖ claimSecret), 32 bytes: protects every delivery. */
export function pskFor(psk0: Uint8Array, claimSecret: Uint8Array): Uint8Array {
  return hmacSha256(key32(psk0, "psk0"), label("claim"), key32(claimSecret, "claimSecret"));
}
