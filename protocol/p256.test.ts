import { p256 } from "@noble/curves/nist.js";
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { utf8 } from "./bytes.ts";
import { p256Key, p256Verify } from "./p256.ts";
import { bitFlips } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";

const message = utf8("statement");
const pem = (namedCurve: string, type: "pkcs8" | "sec1" = "pkcs8"): string =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ format: "pem", type }).toString();

describe("P-256", () => {
  it.each(["pkcs8", "sec1"] as const)("signs with a %s key what @noble verifies", (type) => {
    for (let i = 0; i < 8; i++) {
      const key = p256Key(pem("prime256v1", type));
      expect(key.publicKey).toHaveLength(33);
      const signature = key.sign(message);
      expect(signature).toHaveLength(64);
      expect(p256.verify(signature, message, key.publicKey, { lowS: false })).toBe(true);
      expect(p256Verify(key.publicKey, message, signature)).toBe(true);
    }
  });
  it("refuses every flipped bit of the signature, another message, another key", () => {
    const key = p256Key(pem("prime256v1"));
    const signature = key.sign(message);
    for (const { bytes } of bitFlips(signature)) expect(p256Verify(key.publicKey, message, bytes)).toBe(false);
    expect(p256Verify(key.publicKey, utf8("other"), signature)).toBe(false);
    expect(p256Verify(p256Key(pem("prime256v1")).publicKey, message, signature)).toBe(false);
  });
  it("says no, and no more, to what is no point of the curve", () => {
    const signature = p256Key(pem("prime256v1")).sign(message);
    for (const first of [0, 2, 4, 5]) {
      const none = Uint8Array.of(first, ...new Uint8Array(32).fill(first === 2 ? 0xff : 0));
      expect(p256Verify(none, message, signature)).toBe(false);
    }
  });
  it("takes no key of another kind", () => {
    expect(refusal(() => p256Key(pem("secp384r1")))).toBe("unsupported");
    const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
    expect(refusal(() => p256Key(ed25519))).toBe("unsupported");
    expect(refusal(() => p256Key("no key"))).toBe("malformed");
  });
});
