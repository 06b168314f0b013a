/**
 * Project Wycheproof's adversarial cases against the code that the product uses. The files are not part of the repository (outside.ts).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { aeadOpen, aeadSeal } from "../../protocol/aead.ts";
import { decap, x25519 } from "../../protocol/dhkem.ts";
import { ed25519Verify } from "../../protocol/ed25519.ts";
import { checkX25519, keyPair } from "../../protocol/keys.ts";
import { hkdfSha256 } from "../../protocol/mac.ts";
import { p256Verify } from "../../protocol/p256.ts";
import { refusal } from "../../protocol/testing/refusal.ts";
import { hex, toHex } from "./json.ts";
import { outsideVectors } from "./outside.ts";

interface Case {
  readonly tcId: number;
  readonly result: "valid" | "invalid" | "acceptable";
  readonly flags: readonly string[];
  readonly size: number;
  readonly [value: string]: unknown;
}
interface Group {
  /** Ed25519: `pk`, raw; P-256: `wx` and `wy`, integers of any number of digits */
  readonly publicKey?: { readonly pk?: string; readonly wx?: string; readonly wy?: string };
  readonly tests: readonly Case[];
}

const FOLDER = outsideVectors("wycheproof", "Wycheproof's testvectors_v1 (C2SP/wycheproof)");

function groups(name: string): readonly Group[] {
  return (JSON.parse(readFileSync(join(FOLDER ?? "", `${name}_test.json`), "utf8")) as { testGroups: readonly Group[] })
    .testGroups;
}

function bytes(test: Case, name: string): Uint8Array {
  return hex(String(test[name]));
}

/** Runs every case; the number of cases is asserted, so that an empty file cannot pass. */
function each(name: string, count: number, check: (test: Case, group: Group) => void): void {
  let run = 0;
  for (const group of groups(name))
    for (const test of group.tests) {
      check(test, group);
      run++;
    }
  expect(run).toBe(count);
}

function throws(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

/** DHKEM's ExtractAndExpand of a Diffie-Hellman result, by noble. */
function extractAndExpand(dh: Uint8Array, enc: Uint8Array, pkR: Uint8Array): Uint8Array {
  const suite = Buffer.from("HPKE-v1KEM\0\u0020", "latin1");
  const eaePrk = extract(sha256, Buffer.concat([suite, Buffer.from("eae_prk"), dh]), new Uint8Array(0));
  const info = Buffer.concat([Buffer.of(0, 32), suite, Buffer.from("shared_secret"), enc, pkR]);
  return expand(sha256, eaePrk, info, 32);
}

describe.skipIf(FOLDER === undefined)("Wycheproof", () => {
  it("ed25519", () => {
    each("ed25519", 151, (test, { publicKey }) => {
      const right = ed25519Verify(hex(publicKey?.pk ?? ""), bytes(test, "msg"), bytes(test, "sig"));
      expect(right, `case ${test.tcId}`).toBe(test.result === "valid");
    });
  });

  it("ecdsa_secp256r1_sha256_p1363, with the key compressed", () => {
    each("ecdsa_secp256r1_sha256_p1363", 262, (test, { publicKey }) => {
      const [x, y] = [BigInt(`0x${publicKey?.wx ?? ""}`), BigInt(`0x${publicKey?.wy ?? ""}`)];
      const compressed = hex(`0${2n + (y & 1n)}${x.toString(16).padStart(64, "0")}`);
      const right = p256Verify(compressed, bytes(test, "msg"), bytes(test, "sig"));
      expect(right, `case ${test.tcId}`).toBe(test.result === "valid");
    });
  });

  it("x25519, alone and inside DHKEM", () => {
    each("x25519", 518, (test) => {
      const [publicKey, privateKey, shared] = [bytes(test, "public"), bytes(test, "private"), bytes(test, "shared")];
      const dh = (): Uint8Array => x25519(privateKey, publicKey);
      const what = `case ${test.tcId}`;
      if (test.flags.includes("ZeroSharedSecret")) {
        expect(throws(dh), what).toBe(true);
        expect(
          refusal(() => checkX25519(publicKey, "public")),
          what,
        ).toBe("small-order-key");
        expect(
          refusal(() => decap(publicKey, privateKey)),
          what,
        ).toBe("small-order-key");
        return;
      }
      expect(toHex(dh()), what).toBe(toHex(shared));
      const expected = extractAndExpand(shared, publicKey, keyPair("x25519", privateKey).publicKey);
      expect(toHex(decap(publicKey, privateKey)), what).toBe(toHex(expected));
    });
  });

  it("chacha20_poly1305", () => {
    each("chacha20_poly1305", 325, (test) => {
      const key = { key: bytes(test, "key"), nonce: bytes(test, "iv") };
      const [aad, msg] = [bytes(test, "aad"), bytes(test, "msg")];
      const sealed = Buffer.concat([bytes(test, "ct"), bytes(test, "tag")]);
      const what = `case ${test.tcId}`;
      if (test.result === "valid") {
        expect(toHex(aeadSeal(key, aad, msg)), what).toBe(toHex(sealed));
        expect(toHex(aeadOpen(key, aad, sealed)), what).toBe(toHex(msg));
      } else
        expect(
          throws(() => aeadOpen(key, aad, sealed)),
          what,
        ).toBe(true);
    });
  });

  it("hkdf_sha256", () => {
    each("hkdf_sha256", 86, (test) => {
      const okm = (): Uint8Array => hkdfSha256(bytes(test, "ikm"), bytes(test, "salt"), bytes(test, "info"), test.size);
      const what = `case ${test.tcId}`;
      if (test.result === "valid") expect(toHex(okm()), what).toBe(String(test["okm"]));
      else expect(throws(okm), what).toBe(true);
    });
  });
});
