import { createHash, createHmac, hkdfSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hkdfExpand, hkdfSha256, hmacSha256, sha256 } from "./mac.ts";

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

describe("SHA-256, HMAC and HKDF from one-shot hashes", () => {
  it("are OpenSSL's own", () => {
    fc.assert(
      fc.property(bytes(200), bytes(200), bytes(200), fc.integer({ min: 1, max: 300 }), (a, b, c, length) => {
        expect(sha256(a, b)).toEqual(Uint8Array.from(createHash("sha256").update(a).update(b).digest()));
        expect(hmacSha256(a, b, c)).toEqual(Uint8Array.from(createHmac("sha256", a).update(b).update(c).digest()));
        expect(hkdfSha256(a, b, c, length)).toEqual(new Uint8Array(hkdfSync("sha256", a, b, c, length)));
      }),
    );
  });

  it("leave their inputs alone", () => {
    const [key, message] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)];
    hmacSha256(key, message);
    expect([key, message]).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
  });

  it("expand to 8,160 bytes and no further (RFC 5869 section 2.3)", () => {
    expect(hkdfExpand(new Uint8Array(32), new Uint8Array(0), 8160)).toHaveLength(8160);
    expect(() => hkdfExpand(new Uint8Array(32), new Uint8Array(0), 8161)).toThrow(RangeError);
  });
});
