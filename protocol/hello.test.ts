import { describe, expect, it } from "vitest";
import { concat, u64be } from "./bytes.ts";
import { encodeHello, MAX_COUNTER, parseHello, signHello, verifyHello } from "./hello.ts";
import { label } from "./labels.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const fields = { seedId: ex.seedId, pkE: ex.pkE.publicKey, lastCounter: 41, statementSerial: 3 };
const context = { hostId: ex.hostId, nonce: ex.nonce };
const accept = (bytes: Uint8Array): void =>
  verifyHello({ hello: parseHello(bytes), ...context, identityPk: ex.identity.publicKey });

describe("hello", () => {
  it("has 126 bytes and comes back as it went in", () => {
    const bytes = signHello(fields, context, ex.signIdentity);
    expect(bytes).toHaveLength(126);
    expect(parseHello(bytes)).toMatchObject(fields);
    accept(bytes);
  });

  it("signs label ‖ hostId ‖ nonce ‖ all before", () => {
    const signed: Uint8Array[] = [];
    signHello(fields, context, (message) => (signed.push(message), new Uint8Array(64)));
    expect(signed).toEqual([concat(label("hello"), ex.hostId, ex.nonce, encodeHello(fields))]);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.hello, accept)).toEqual([]);
  });

  it("is bound to host, nonce and identity", () => {
    const hello = parseHello(ex.hello);
    const good = { hello, ...context, identityPk: ex.identity.publicKey };
    verifyHello(good);
    for (const change of [
      { hostId: ex.example("other host", 8) },
      { nonce: ex.example("nonce", 16) },
      { identityPk: ex.root.publicKey },
    ])
      expect(refusal(() => verifyHello({ ...good, ...change }))).toBe("bad-signature");
  });

  it.each([
    ["version 2", patched(ex.hello, 0, 2), "bad-version"],
    ["suite 2", patched(ex.hello, 1, 2), "bad-suite"],
    ["a receive key of small order", patched(ex.hello, 18, ...new Uint8Array(32)), "small-order-key"],
    ["lastCounter 2^53 - 1", patched(ex.hello, 50, ...u64be(MAX_COUNTER)), "bad-counter"],
    ["lastCounter 2^53", patched(ex.hello, 50, 0, 0x20, 0, 0, 0, 0, 0, 0), "malformed"],
    ["lastCounter 2^64 - 1", patched(ex.hello, 50, ...new Uint8Array(8).fill(0xff)), "malformed"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => parseHello(bytes))).toBe(code);
  });

  it("takes lastCounter 2^53 - 2, after which one packet remains", () => {
    const bytes = signHello({ ...fields, lastCounter: MAX_COUNTER - 1 }, context, ex.signIdentity);
    expect(parseHello(bytes).lastCounter).toBe(MAX_COUNTER - 1);
    expect(() => encodeHello({ ...fields, lastCounter: MAX_COUNTER })).toThrow(RangeError);
  });
});
