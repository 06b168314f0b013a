import { createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { claimKeyFor, claimSecretFor, hostKeys, psk0For, pskFor } from "./derive.ts";
import * as ex from "./testing/example.ts";

const hmac = (key: Uint8Array, ...parts: (string | Uint8Array)[]): Uint8Array => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return Uint8Array.from(mac.digest());
};
const hkdf = (info: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", ex.hostSecret, new Uint8Array(0), info, 32));

describe("keys of a host", () => {
  it("are HKDF of the host secret, each under its own label", () => {
    expect(hostKeys(ex.hostSecret)).toEqual({
      kClaim: hkdf("bootseed v1 claim\0"),
      kJoin: hkdf("bootseed v1 join\0"),
      kPsk: hkdf("bootseed v1 psk\0"),
      kToken: hkdf("bootseed v1 token\0"),
    });
  });

  it("give each seed its own secrets, by the formulas of the protocol", () => {
    const { kClaim, kPsk } = ex.keys;
    expect(claimKeyFor(kClaim, ex.seedId)).toEqual(hmac(kClaim, ex.seedId));
    expect(psk0For(kPsk, ex.seedId)).toEqual(hmac(kPsk, "bootseed v1 seed\0", ex.seedId));
    const secret = claimSecretFor(kPsk, ex.seedId, ex.identity.publicKey);
    expect(secret).toEqual(hmac(kPsk, "bootseed v1 claim\0", ex.seedId, ex.identity.publicKey));
    expect(pskFor(ex.psk0, secret)).toEqual(hmac(ex.psk0, "bootseed v1 claim\0", secret));
  });

  it("refuse secrets and names of another length", () => {
    expect(() => hostKeys(new Uint8Array(31))).toThrow("host secret: expected 32 bytes, got 31");
    expect(() => claimKeyFor(ex.keys.kClaim, new Uint8Array(15))).toThrow(RangeError);
    expect(() => claimSecretFor(ex.keys.kPsk, ex.seedId, new Uint8Array(33))).toThrow(RangeError);
    expect(() => pskFor(ex.psk0, new Uint8Array(0))).toThrow(RangeError);
  });
});
