import { describe, expect, it } from "vitest";
import { concat, u8 } from "./bytes.ts";
import { encodePlaintext } from "./der.ts";
import { keyPair } from "./keys.ts";
import { MAX_PACKET_ACCEPTED_BYTES, MAX_PACKET_BYTES, openPacket, sealPacket, type SealPacketInput } from "./packet.ts";
import * as ex from "./testing/example.ts";
import { packetAround, signedPacket } from "./testing/forge.ts";
import { bitFlips, survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const sealInput: SealPacketInput = {
  ...ex.packetContext,
  pkE: ex.pkE.publicKey,
  timestamp: ex.now,
  counter: 1,
  chunk: ex.chunk,
  signPacket: ex.signPacket,
};
const open = (bytes: Uint8Array, lastCounter = 0): unknown => openPacket({ ...ex.openInput, bytes, lastCounter });

/** The same packet with a new, right signature: what damage to enc and ciphertext looks like to HPKE alone. */
const resigned = (bytes: Uint8Array): Uint8Array => signedPacket(bytes.subarray(0, -64), ex.signPacket);

describe("packet", () => {
  it("has 1,155 bytes today, opens, and gives both ends the same receipt key", () => {
    const { bytes, receiptKey } = sealPacket(sealInput);
    expect(bytes).toHaveLength(1155);
    const opened = openPacket({ ...ex.openInput, bytes });
    expect(opened).toEqual({ timestamp: ex.now, counter: 1, chunk: ex.chunk, receiptKey });
  });

  it("never has more than 1,162 bytes", () => {
    const { bytes } = sealPacket({ ...sealInput, counter: 2 ** 53 - 1, timestamp: 2 ** 39 - 1 });
    expect(bytes).toHaveLength(MAX_PACKET_BYTES);
    open(bytes);
  });

  it("is new every time: no two packets share enc or ciphertext", () => {
    const [a, b] = [sealPacket(sealInput), sealPacket(sealInput)];
    expect(a.bytes.subarray(2, 34)).not.toEqual(b.bytes.subarray(2, 34));
    expect(a.receiptKey).not.toEqual(b.receiptKey);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", { timeout: 120_000 }, () => {
    expect(survivors(ex.sealed.bytes, open)).toEqual([]);
  });

  it("does not open with any bit of enc or tag flipped, even rightly signed", () => {
    open(resigned(ex.sealed.bytes));
    const smallOrder = patched(ex.sealed.bytes, 2, ...new Uint8Array(32));
    expect(refusal(() => open(resigned(smallOrder)))).toBe("open-failed");
    const sealed = ex.sealed.bytes.subarray(2, 34 + 1057);
    let tried = 0;
    for (const { bytes } of bitFlips(sealed)) {
      // Every 16th bit is enough here: each costs a signature, a key agreement and a cipher.
      if (tried++ % 16 !== 0 && tried > 256) continue;
      const whole = concat(u8(1), u8(1), bytes, new Uint8Array(64));
      const code = refusal(() => open(resigned(whole)));
      // RFC 7748 section 5: the top bit of a u coordinate is ignored, but the KEM's context holds enc as it came.
      expect(code).toBe("open-failed");
    }
    expect(tried).toBe(8 * 1089);
  });

  it.each([
    ["over 4,096 bytes", new Uint8Array(MAX_PACKET_ACCEPTED_BYTES + 1), "too-long"],
    ["empty", new Uint8Array(0), "malformed"],
    ["version 2", patched(ex.sealed.bytes, 0, 2), "bad-version"],
    ["suite 3", patched(ex.sealed.bytes, 1, 3), "bad-suite"],
    ["shorter than tag and signature", ex.sealed.bytes.slice(0, 113), "malformed"],
    ["an enc of small order", patched(ex.sealed.bytes, 2, ...new Uint8Array(32)), "bad-signature"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => open(bytes))).toBe(code);
  });

  it("is bound to host, seed, hello, nonce, key and PSK", () => {
    const other = ex.example("other", 32);
    const otherKey = keyPair("x25519", other);
    const cases = [
      [{ hostId: other.slice(0, 8) }, "bad-signature"],
      [{ nonce: other.slice(0, 16) }, "bad-signature"],
      [{ helloBytes: patched(ex.hello, 62, 0) }, "bad-signature"],
      [{ packetPk: ex.root.publicKey }, "bad-signature"],
      [{ seedId: other.slice(0, 16) }, "open-failed"],
      [{ psk: other }, "open-failed"],
      [{ skE: otherKey.privateKey }, "open-failed"],
    ] as const;
    for (const [change, code] of cases) expect(refusal(() => openPacket({ ...ex.openInput, ...change }))).toBe(code);
  });

  it.each([
    ["the same counter", 1, 1, "bad-counter"],
    ["a smaller counter", 1, 7, "bad-counter"],
    ["the next counter", 2, 1, "accepted"],
    ["a gap", 1000, 1, "accepted"],
    ["the last counter there is", 2 ** 53 - 1, 2 ** 53 - 2, "accepted"],
  ])("with %s", (_, counter, lastCounter, outcome) => {
    const { bytes } = sealPacket({ ...sealInput, counter });
    expect(refusal(() => open(bytes, lastCounter))).toBe(outcome);
  });

  it("refuses a plaintext that is not canonical, rightly signed and sealed", () => {
    const good = encodePlaintext(sealInput);
    expect(refusal(() => open(packetAround(good)))).toBe("accepted");
    expect(refusal(() => open(packetAround(concat(good, u8(0)))))).toBe("non-canonical");
    expect(refusal(() => open(packetAround(new Uint8Array(0))))).toBe("non-canonical");
  });

  it("is not made from values out of their bounds", () => {
    expect(() => sealPacket({ ...sealInput, counter: 0 })).toThrow(RangeError);
    expect(() => sealPacket({ ...sealInput, counter: 2 ** 53 })).toThrow(RangeError);
    expect(() => sealPacket({ ...sealInput, chunk: new Uint8Array(1023) })).toThrow(RangeError);
    expect(() => sealPacket({ ...sealInput, timestamp: -1 })).toThrow(RangeError);
    expect(refusal(() => sealPacket({ ...sealInput, pkE: new Uint8Array(32) }))).toBe("small-order-key");
  });
});
