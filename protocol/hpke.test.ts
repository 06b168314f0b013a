import * as fc from "fast-check";
import * as hpke from "hpke";
import { describe, expect, it } from "vitest";
import { toHex } from "./bytes.ts";
import { decap, decapByHand, encap } from "./dhkem.ts";
import { exportSecret, openPsk, sealPsk, type PskContext } from "./hpke.ts";
import { keyPair } from "./keys.ts";
import * as ex from "./testing/example.ts";
import { bitFlips } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";

const suite = new hpke.CipherSuite(hpke.KEM_DHKEM_X25519_HKDF_SHA256, hpke.KDF_HKDF_SHA256, hpke.AEAD_ChaCha20Poly1305);
const context: PskContext = { info: ex.hostId, psk: ex.psk, pskId: ex.seedId, aad: ex.bootId };
const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const cases = fc.record({
  seed: bytes(32, 32),
  pt: bytes(0, 1100),
  info: bytes(0, 64),
  psk: bytes(32, 64),
  pskId: bytes(1, 32),
  aad: bytes(0, 64),
});

const sealWith = (change: Partial<PskContext>): unknown =>
  sealPsk(ex.pkE.publicKey, { ...context, ...change }, ex.chunk);

describe("HPKE mode_psk", () => {
  it("decapsulates by hand, as an older Node must, what OpenSSL decapsulates", () => {
    for (let i = 0; i < 10; i++) {
      const { enc, sharedSecret } = encap(ex.pkE.publicKey);
      expect([decap(enc, ex.pkE.privateKey), decapByHand(enc, ex.pkE.privateKey)].map(toHex)).toEqual(
        [sharedSecret, sharedSecret].map(toHex),
      );
    }
  });

  it("opens what the hpke library seals, and the library opens what this seals", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, pt, info, psk, pskId, aad }) => {
        const pair = keyPair("x25519", seed);
        const ours: PskContext = { info, psk, pskId, aad };
        const publicKey = await suite.DeserializePublicKey(pair.publicKey);
        const privateKey = await suite.DeserializePrivateKey(pair.privateKey);

        const sealed = sealPsk(pair.publicKey, ours, pt);
        const recipient = await suite.SetupRecipient(privateKey, sealed.enc, { info, psk, pskId });
        expect(await recipient.Open(sealed.ct, aad)).toEqual(pt);
        const exported = exportSecret(sealed.exporterSecret, aad, 32);
        expect(await recipient.Export(aad, 32)).toEqual(exported);

        const { encapsulatedSecret, ctx: sender } = await suite.SetupSender(publicKey, { info, psk, pskId });
        const opened = openPsk(pair.privateKey, encapsulatedSecret, ours, await sender.Seal(pt, aad));
        expect(opened.pt).toEqual(pt);
      }),
      { numRuns: 10 },
    );
  });

  it("fails to open alike for every reason", () => {
    const { enc, ct } = sealPsk(ex.pkE.publicKey, context, ex.freshBytes);
    expect(openPsk(ex.pkE.privateKey, enc, context, ct).pt).toEqual(ex.freshBytes);
    const attempts: (() => unknown)[] = [
      () => openPsk(ex.hostKey.privateKey, enc, context, ct),
      () => openPsk(ex.pkE.privateKey, new Uint8Array(32), context, ct),
      () => openPsk(ex.pkE.privateKey, enc, context, ct.slice(0, 15)),
      () => openPsk(ex.pkE.privateKey, enc, context, new Uint8Array(0)),
      () => openPsk(ex.pkE.privateKey, enc.slice(1), context, ct),
      ...(["info", "psk", "pskId", "aad"] as const).map(
        (field) => () => openPsk(ex.pkE.privateKey, enc, { ...context, [field]: ex.example("other", 32) }, ct),
      ),
      ...[...bitFlips(enc)].map((flip) => () => openPsk(ex.pkE.privateKey, flip.bytes, context, ct)),
      ...[...bitFlips(ct)].map((flip) => () => openPsk(ex.pkE.privateKey, enc, context, flip.bytes)),
    ];
    const messages = attempts.map((attempt) => {
      expect(refusal(attempt)).toBe("open-failed");
      try {
        return attempt();
      } catch (error) {
        return String(error);
      }
    });
    expect(new Set(messages).size).toBe(1);
  });

  it("takes an ephemeral key, for vectors, and then gives the same bytes again", () => {
    const seal = (): unknown => sealPsk(ex.pkE.publicKey, context, ex.freshBytes, ex.ephemeral);
    expect(seal()).toEqual(seal());
    expect(sealPsk(ex.pkE.publicKey, context, ex.freshBytes).enc).not.toEqual(
      sealPsk(ex.pkE.publicKey, context, ex.freshBytes).enc,
    );
  });

  it("wants a PSK of 32 bytes, a psk_id and a key of full order", () => {
    expect(() => sealWith({ psk: new Uint8Array(31) })).toThrow(RangeError);
    expect(() => sealWith({ pskId: new Uint8Array(0) })).toThrow(RangeError);
    expect(refusal(() => sealPsk(new Uint8Array(32), context, ex.chunk))).toBe("small-order-key");
  });
});
