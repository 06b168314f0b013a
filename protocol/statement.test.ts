import { describe, expect, it } from "vitest";
import { concat, u8 } from "./bytes.ts";
import { ed25519Signer, keyPair } from "./keys.ts";
import { label } from "./labels.ts";
import { encodeStatement, hostIdOf, parseStatement, verifyStatement, type StatementFields } from "./statement.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const accept = (bytes: Uint8Array): void => verifyStatement(parseStatement(bytes), ex.statementFields);
const encode = (change: Partial<StatementFields>): Uint8Array =>
  encodeStatement({ ...ex.statementFields, ...change }, ex.signRoot);

describe("statement", () => {
  it("has 209 bytes with one pin and one address of 24 characters", () => {
    expect(ex.statementFields.addresses[0]).toHaveLength(24);
    expect(ex.statement).toHaveLength(209);
  });

  it("comes back as it went in", () => {
    const next = { rootAlg: 2, rootPk: ex.example("p256", 33) } as const;
    const fields = { ...ex.statementFields, serial: 7, pins: [ex.tlsPin, ex.pool.slice(0, 32)], next };
    const parsed = parseStatement(encodeStatement(fields, ex.signRoot));
    expect(parsed).toMatchObject(fields);
    expect(parsed.suite).toBe(1);
    accept(parsed.bytes);
  });

  it("signs label ‖ all before", () => {
    const signed: Uint8Array[] = [];
    const sign = (message: Uint8Array): Uint8Array => (signed.push(message), new Uint8Array(64));
    const bytes = encodeStatement(ex.statementFields, sign);
    expect(signed).toEqual([concat(label("statement"), bytes.subarray(0, -64))]);
  });

  it("names a host by the first 8 bytes of SHA-256 of its root", () => {
    expect(hostIdOf(ex.root.publicKey)).toEqual(ex.hostId);
    expect(ex.hostId).toHaveLength(8);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.statement, accept)).toEqual([]);
  });

  it.each([
    ["version 2", patched(ex.statement, 0, 2), "bad-version"],
    ["suite 2", patched(ex.statement, 13, 2), "bad-suite"],
    ["root algorithm 3", patched(ex.statement, 14, 3), "malformed"],
    ["a root of small order", patched(ex.statement, 15, ...new Uint8Array(32)), "small-order-key"],
    ["a packet key of small order", patched(ex.statement, 47, 1, ...new Uint8Array(31)), "small-order-key"],
    ["five pins", patched(ex.statement, 83, 5), "malformed"],
    ["five addresses", patched(ex.statement, 116, 5), "malformed"],
    ["an address without a port", encodeRaw("host-1.example.net-17443"), "malformed"],
    ["an address with port 0", encodeRaw("host-1.example.net:0"), "malformed"],
    ["an address with port 65536", encodeRaw("host-1.example.net:65536"), "malformed"],
    ["an address with a control character", encodeRaw("host\u001b[2J:443"), "malformed"],
    ["an address that is not UTF-8", patched(ex.statement, 119, 0xff), "malformed"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => parseStatement(bytes))).toBe(code);
  });

  it("refuses another root, even one that signed it", () => {
    const other = keyPair("ed25519", ex.example("other root", 32));
    const forged = encodeStatement({ ...ex.statementFields, rootPk: other.publicKey }, ed25519Signer(other.privateKey));
    verifyStatement(parseStatement(forged), { rootAlg: 1, rootPk: other.publicKey });
    expect(refusal(() => accept(forged))).toBe("mismatch");
    expect(refusal(() => accept(encodeStatement(ex.statementFields, ed25519Signer(other.privateKey))))).toBe(
      "bad-signature",
    );
  });

  it("reads a P-256 root, and takes it only under that root", () => {
    const statement = parseStatement(encode({ rootAlg: 2, rootPk: ex.example("p256", 33) }));
    expect(statement.rootPk).toHaveLength(33);
    expect(refusal(() => verifyStatement(statement, ex.statementFields))).toBe("mismatch");
    expect(refusal(() => verifyStatement(statement, statement))).toBe("bad-signature");
  });

  it("does not encode what it would not parse", () => {
    expect(() => encode({ pins: Array.from({ length: 5 }, () => ex.tlsPin) })).toThrow(RangeError);
    expect(() => encode({ addresses: ["a:1", "b:1", "c:1", "d:1", "e:1"] })).toThrow(RangeError);
    expect(() => encode({ addresses: ["nowhere"] })).toThrow(RangeError);
    expect(() => encode({ serial: 2 ** 32 })).toThrow(RangeError);
    expect(() => encode({ rootPk: u8(1) })).toThrow("rootPk: expected 32 bytes, got 1");
  });
});

/** The example statement with another address, signature and all. */
function encodeRaw(address: string): Uint8Array {
  const text = new TextEncoder().encode(address);
  return concat(ex.statement.subarray(0, 117), Uint8Array.of(0, text.length), text, ex.statement.subarray(143));
}
