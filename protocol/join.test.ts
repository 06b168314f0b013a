import { describe, expect, it } from "vitest";
import { instanceIdHash } from "./certificate.ts";
import {
  encodeJoin,
  encodeJoinAnswer,
  encodeJoinToken,
  joinKeyFor,
  joinSeedIdFor,
  parseJoin,
  parseJoinAnswer,
  parseJoinToken,
  verifyJoinMac,
} from "./join.ts";
import * as ex from "./testing/example.ts";
import { survivors, truncations } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const tokenId = ex.example("tokenId", 16);
const joinKey = joinKeyFor(ex.keys.kJoin, tokenId);
const token = { hostId: ex.hostId, tokenId, joinKey, statement: ex.statement };
const fields = {
  hostId: ex.hostId,
  tokenId,
  identityPk: ex.identity.publicKey,
  bootId: ex.bootId,
  instanceId: ex.instanceId,
  name: "db-1.example",
};
const request = encodeJoin(fields, joinKey, ex.tlsPin);

describe("join token", () => {
  const bytes = encodeJoinToken(token);
  it("comes back as it went in; no bit may flip", () => {
    expect(bytes).toHaveLength(91 + ex.statement.length);
    expect(parseJoinToken(bytes)).toEqual(token);
    expect(survivors(bytes, parseJoinToken)).toEqual([]);
  });
  it("belongs to the host of its statement", () => {
    const other = encodeJoinToken({ ...token, hostId: ex.example("other", 8) });
    expect(refusal(() => parseJoinToken(other))).toBe("mismatch");
  });
});

describe("join request", () => {
  const accept = (bytes: Uint8Array): void => verifyJoinMac(parseJoin(bytes), joinKey, ex.tlsPin);
  it("comes back as it went in; no bit may flip", () => {
    expect(parseJoin(request)).toMatchObject(fields);
    accept(request);
    expect(survivors(request, accept)).toEqual([]);
  });
  it("is bound to the token and to the server it was made for", () => {
    const join = parseJoin(request);
    expect(refusal(() => verifyJoinMac(join, joinKey, ex.example("pin", 32)))).toBe("bad-mac");
    expect(refusal(() => verifyJoinMac(join, joinKeyFor(ex.keys.kJoin, ex.seedId), ex.tlsPin))).toBe("bad-mac");
  });
  it("may leave the name to the token", () => {
    expect(parseJoin(encodeJoin({ ...fields, name: "" }, joinKey, ex.tlsPin)).name).toBe("");
  });
  it.each(["a b", "-a", "a\n", "x".repeat(64), "ä"])("takes no name like %j", (name) => {
    expect(() => encodeJoin({ ...fields, name }, joinKey, ex.tlsPin)).toThrow(RangeError);
    const at = request.length - 32 - fields.name.length;
    expect(refusal(() => parseJoin(patched(request, at, 0x20)))).toBe("malformed");
  });
});

describe("join answer", () => {
  const answer = { freshBytes: ex.freshBytes, psk: ex.psk, certificate: ex.certificate };
  it("has 261 bytes and comes back as it went in", () => {
    const bytes = encodeJoinAnswer(answer);
    expect(bytes).toHaveLength(261);
    expect(parseJoinAnswer(bytes)).toEqual(answer);
    for (const { bytes: cut } of truncations(bytes)) expect(refusal(() => parseJoinAnswer(cut))).toBe("malformed");
  });
});

describe("seedId of a joined machine", () => {
  const hash = instanceIdHash(ex.instanceId);
  const seedId = (id: Uint8Array, identity: Uint8Array, instance: Uint8Array): Uint8Array =>
    joinSeedIdFor(ex.keys.kJoin, id, identity, instance);
  it("is the same for the same machine, and another for any other", () => {
    const mine = seedId(tokenId, ex.identity.publicKey, hash);
    expect(mine).toHaveLength(16);
    expect(seedId(tokenId, ex.identity.publicKey, hash)).toEqual(mine);
    expect(seedId(ex.seedId, ex.identity.publicKey, hash)).not.toEqual(mine);
    expect(seedId(tokenId, ex.hostKey.publicKey, hash)).not.toEqual(mine);
    expect(seedId(tokenId, ex.identity.publicKey, instanceIdHash("other"))).not.toEqual(mine);
  });
});
