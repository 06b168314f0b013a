import { describe, expect, it } from "vitest";
import { concat } from "./bytes.ts";
import {
  encodeClaim,
  encodeClaimAnswer,
  parseClaim,
  parseClaimAnswer,
  verifyClaimMac,
  type ClaimFields,
} from "./claim.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const fields: ClaimFields = {
  hostId: ex.hostId,
  seedId: ex.seedId,
  identityPk: ex.identity.publicKey,
  bootId: ex.bootId,
  instanceId: ex.instanceId,
};
const accept = (bytes: Uint8Array): void => verifyClaimMac(parseClaim(bytes), ex.claimKey, ex.tlsPin);

describe("claim", () => {
  it("comes back as it went in", () => {
    expect(ex.claim).toHaveLength(1 + 8 + 16 + 32 + 16 + 2 + ex.instanceId.length + 32);
    expect(parseClaim(ex.claim)).toMatchObject(fields);
    accept(ex.claim);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.claim, accept)).toEqual([]);
  });

  it("is worth nothing through another TLS server, or with another seed's key", () => {
    const other = ex.example("other", 32);
    expect(refusal(() => verifyClaimMac(parseClaim(ex.claim), ex.claimKey, other))).toBe("bad-mac");
    expect(refusal(() => verifyClaimMac(parseClaim(ex.claim), other, ex.tlsPin))).toBe("bad-mac");
  });

  it.each([
    ["an identity of small order", patched(ex.claim, 25, 1, ...new Uint8Array(31)), "small-order-key"],
    ["an instance-id that is not UTF-8", patched(ex.claim, 75, 0xff), "malformed"],
    ["an empty instance-id", concat(ex.claim.subarray(0, 73), new Uint8Array(2), ex.claim.subarray(-32)), "malformed"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => parseClaim(bytes))).toBe(code);
  });

  it("takes instance-ids of 1 to 255 bytes", () => {
    for (const instanceId of ["i", "ü".repeat(127), "x".repeat(255)])
      expect(parseClaim(encodeClaim({ ...fields, instanceId }, ex.claimKey, ex.tlsPin)).instanceId).toBe(instanceId);
    for (const instanceId of ["", "ü".repeat(128)])
      expect(() => encodeClaim({ ...fields, instanceId }, ex.claimKey, ex.tlsPin)).toThrow(RangeError);
  });
});

describe("claim answer", () => {
  it("has 262 bytes in state 0 and 65 in the others", () => {
    expect(ex.claimAnswer).toHaveLength(262);
    expect(parseClaimAnswer(ex.claimAnswer)).toEqual({
      state: 0,
      freshBytes: ex.freshBytes,
      claimSecret: ex.claimSecret,
      certificate: ex.certificate,
    });
    for (const state of [1, 2, 3] as const) {
      const bytes = encodeClaimAnswer({ state, freshBytes: ex.freshBytes });
      expect(bytes).toHaveLength(65);
      expect(parseClaimAnswer(bytes)).toEqual({ state, freshBytes: ex.freshBytes });
    }
  });

  it.each([
    ["state 4", patched(ex.claimAnswer, 0, 4), "malformed"],
    ["state 1 with a certificate", patched(ex.claimAnswer, 0, 1), "malformed"],
    ["state 0 without one", ex.claimAnswer.slice(0, 65), "malformed"],
    ["state 0 cut short", ex.claimAnswer.slice(0, -1), "malformed"],
    ["a byte too many", concat(ex.claimAnswer, Uint8Array.of(0)), "malformed"],
    ["a certificate of version 2", patched(ex.claimAnswer, 97, 2), "bad-version"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => parseClaimAnswer(bytes))).toBe(code);
  });

  it("carries claimSecret and certificate in state 0 only", () => {
    const { freshBytes, claimSecret, certificate } = ex;
    expect(() => encodeClaimAnswer({ state: 0, freshBytes })).toThrow(RangeError);
    expect(() => encodeClaimAnswer({ state: 3, freshBytes, claimSecret })).toThrow(RangeError);
    expect(() => encodeClaimAnswer({ state: 2, freshBytes, certificate })).toThrow(RangeError);
  });
});
