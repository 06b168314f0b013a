import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { describe, expect, it } from "vitest";
import { fromHex } from "./bytes.ts";
import { ed25519Verify } from "./ed25519.ts";
import { checkEd25519, checkX25519, ed25519Signer, keyPair, rawPublicKey, publicKeyObject } from "./keys.ts";
import * as ex from "./testing/example.ts";
import { refusal } from "./testing/refusal.ts";

const P = 2n ** 255n - 19n;

/** Little-endian, 32 bytes. */
function encode(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0")).toReversed();
}

/**
 * Every encoding of a point of order 1, 2, 4 or 8: each y, reduced or not, with either sign bit, by noble's arithmetic.
 */
function smallOrderEd25519(): Uint8Array[] {
  const point = ed25519.Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  const multiples = [
    ed25519.Point.ZERO,
    ...Array.from({ length: 7 }, (_, index) => point.multiplyUnsafe(BigInt(index + 1))),
  ];
  const ys = new Set(multiples.map(({ y }) => y));
  const encodings = [...ys].flatMap((y) => [y, y + P]).filter((y) => y < 2n ** 255n);
  return encodings.flatMap((y) => [encode(y), encode(y + 2n ** 255n)]);
}

/**
 * Every u that X25519 maps to zero: roots of the order-8 division polynomial, as RFC 7748 implementations list them.
 */
function smallOrderX25519(): Uint8Array[] {
  const us = [
    0n,
    1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    P - 1n,
    P,
    P + 1n,
  ];
  return us.flatMap((u) => [encode(u), encode(u + 2n ** 255n)]);
}

describe("small-order public keys", () => {
  it("are refused: Ed25519, every encoding that noble's arithmetic gives", () => {
    const keys = smallOrderEd25519();
    expect(keys).toHaveLength(14);
    for (const key of keys) expect(refusal(() => checkEd25519(key, "key"))).toBe("small-order-key");
  });

  it("are refused: X25519, every one that makes a shared secret of zeros", () => {
    for (const key of smallOrderX25519()) {
      expect(() => x25519.getSharedSecret(ex.pkE.privateKey, key)).toThrow();
      expect(refusal(() => checkX25519(key, "key"))).toBe("small-order-key");
    }
  });

  it("would make one signature right for many messages, which is why", () => {
    // R = A = the neutral element, S = 0: S·B = R + k·A for every k. Some verifiers refuse it themselves (Node 24's),
    // some do not
    // (ZIP 215 rules, OpenSSL 3.0): the protocol does not rely on which one it is built with.
    const neutral = encode(1n);
    const signature = Uint8Array.of(...neutral, ...new Uint8Array(32));
    for (const message of [ex.chunk, ex.pool])
      expect(ed25519.verify(signature, message, neutral, { zip215: true })).toBe(true);
  });

  it("are not ordinary keys", () => {
    for (let index = 0; index < 100; index++) {
      checkEd25519(keyPair("ed25519", ex.example(`${index}`, 32)).publicKey, "key");
      checkX25519(keyPair("x25519", ex.example(`${index}`, 32)).publicKey, "key");
    }
    expect(() => checkEd25519(new Uint8Array(31), "key")).toThrow("key: expected 32 bytes, got 31");
  });
});

describe("raw keys", () => {
  it("are those of noble", () => {
    const seed = ex.example("seed", 32);
    expect(keyPair("ed25519", seed)).toEqual({ publicKey: ed25519.getPublicKey(seed), privateKey: seed });
    expect(keyPair("x25519", seed)).toEqual({ publicKey: x25519.getPublicKey(seed), privateKey: seed });
    expect(ed25519Signer(seed)(ex.chunk)).toEqual(ed25519.sign(ex.chunk, seed));
    expect(rawPublicKey(publicKeyObject("x25519", ex.pkE.publicKey))).toEqual(ex.pkE.publicKey);
  });

  it("verify what they signed, and nothing else", () => {
    const signature = ed25519Signer(ex.root.privateKey)(ex.chunk);
    expect(ed25519Verify(ex.root.publicKey, ex.chunk, signature)).toBe(true);
    expect(ed25519Verify(ex.root.publicKey, ex.pool, signature)).toBe(false);
    expect(ed25519Verify(ex.root.publicKey, ex.chunk, signature.slice(1))).toBe(false);
  });
});
