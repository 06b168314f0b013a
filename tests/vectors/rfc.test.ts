/** The RFCs' own cases against the code that the product uses. */
import { describe, expect, it } from "vitest";
import { decap, encap, x25519 } from "../../protocol/dhkem.ts";
import { exportSecret, openPsk, sealPsk } from "../../protocol/hpke.ts";
import { ed25519Verify } from "../../protocol/ed25519.ts";
import { ed25519Signer, keyPair } from "../../protocol/keys.ts";
import { hkdfExpand, hkdfExtract, hkdfSha256 } from "../../protocol/mac.ts";
import { hex, readVectors, toHex } from "./json.ts";

interface Rfc9180 extends Record<"info" | "skRm" | "skEm" | "psk" | "psk_id" | "pkRm" | "enc", string> {
  readonly shared_secret: string;
  readonly exporter_secret: string;
  readonly encryption: Record<"aad" | "ct" | "pt", string>;
  readonly exports: readonly {
    readonly exporter_context: string;
    readonly L: number;
    readonly exported_value: string;
  }[];
}

describe("RFC 9180 A.2.2: HPKE mode_psk", () => {
  const v = readVectors("rfc9180.json") as Rfc9180;
  const { aad, ct, pt } = v.encryption;
  const context = { info: hex(v.info), psk: hex(v.psk), pskId: hex(v.psk_id), aad: hex(aad) };

  it("seals with the given ephemeral key", () => {
    const sealed = sealPsk(hex(v.pkRm), context, hex(pt), hex(v.skEm));
    expect([toHex(sealed.enc), toHex(sealed.ct), toHex(sealed.exporterSecret)]).toEqual([v.enc, ct, v.exporter_secret]);
  });

  it("opens by OpenSSL's own decapsulation", () => {
    const opened = openPsk(hex(v.skRm), hex(v.enc), context, hex(ct));
    expect([toHex(opened.pt), toHex(opened.exporterSecret)]).toEqual([pt, v.exporter_secret]);
  });

  it("has OpenSSL's DHKEM be the RFC's", () => {
    expect(toHex(decap(hex(v.enc), hex(v.skRm)))).toBe(v.shared_secret);
    expect(toHex(encap(hex(v.pkRm), hex(v.skEm)).sharedSecret)).toBe(v.shared_secret);
    const { enc, sharedSecret } = encap(hex(v.pkRm));
    expect(decap(enc, hex(v.skRm))).toEqual(sharedSecret);
  });

  it("exports", () => {
    expect(v.exports).toHaveLength(3);
    for (const { exporter_context: exporterContext, L, exported_value: value } of v.exports)
      expect(toHex(exportSecret(hex(v.exporter_secret), hex(exporterContext), L))).toBe(value);
  });
});

describe("RFC 8032 section 7.1: Ed25519", () => {
  const { cases } = readVectors("rfc8032.json") as {
    cases: readonly Record<"name" | "sk" | "pk" | "message" | "signature", string>[];
  };
  it.each(cases)("$name", ({ sk, pk, message, signature }) => {
    expect(toHex(keyPair("ed25519", hex(sk)).publicKey)).toBe(pk);
    expect(toHex(ed25519Signer(hex(sk))(hex(message)))).toBe(signature);
    expect(ed25519Verify(hex(pk), hex(message), hex(signature))).toBe(true);
  });
});

describe("RFC 7748 section 5.2: X25519", () => {
  const { cases, after1000 } = readVectors("rfc7748.json") as {
    cases: readonly Record<"scalar" | "u" | "output", string>[];
    after1000: string;
  };
  it.each(cases)("$scalar", ({ scalar, u, output }) => {
    expect(toHex(x25519(hex(scalar), hex(u)))).toBe(output);
  });

  it("1,000 iterations", () => {
    let [k, u] = [hex(`09${"00".repeat(31)}`), hex(`09${"00".repeat(31)}`)];
    for (let step = 0; step < 1000; step++) [k, u] = [x25519(k, u), k];
    expect(toHex(k)).toBe(after1000);
  });
});

describe("RFC 5869 appendix A: HKDF-SHA256", () => {
  const { cases } = readVectors("rfc5869.json") as {
    cases: readonly (Record<"ikm" | "salt" | "info" | "prk" | "okm", string> & { readonly l: number })[];
  };
  it.each(cases)("$okm", ({ ikm, salt, info, prk, okm, l }) => {
    expect(toHex(hkdfExtract(hex(salt), hex(ikm)))).toBe(prk);
    expect(toHex(hkdfExpand(hex(prk), hex(info), l))).toBe(okm);
    expect(toHex(hkdfSha256(hex(ikm), hex(salt), hex(info), l))).toBe(okm);
  });
});
