import { p256 } from "@noble/curves/nist.js";
import { describe, expect, it } from "vitest";
import { chainSince, followStatements } from "./follow.ts";
import { ed25519Signer, keyPair, type Signer } from "./keys.ts";
import { encodeStatement, parseStatement, type RootKey, type Statement, type StatementFields } from "./statement.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";
import { encodeStatementsAnswer } from "./transport.ts";

type Root = RootKey & { readonly sign: Signer };
function edRoot(name: string): Root {
  const { publicKey, privateKey } = keyPair("ed25519", ex.example(name, 32));
  return { rootAlg: 1, rootPk: publicKey, sign: ed25519Signer(privateKey) };
}
function tpmRoot(): Root {
  const sk = ex.example("TPM", 32);
  return { rootAlg: 2, rootPk: p256.getPublicKey(sk, true), sign: (message) => p256.sign(message, sk) };
}
const [a, b, c, tpm] = [edRoot("root"), edRoot("b"), edRoot("c"), tpmRoot()];

function by(
  { rootAlg, rootPk, sign }: Root,
  serial: number,
  next?: Root,
  change: Partial<StatementFields> = {},
): Statement {
  const announced = next === undefined ? {} : { next: { rootAlg: next.rootAlg, rootPk: next.rootPk } };
  const fields = { ...ex.statementFields, rootAlg, rootPk, serial, ...announced, ...change };
  return parseStatement(encodeStatement(fields, sign));
}
const bytes = (...statements: Statement[]): Uint8Array[] => statements.map((statement) => statement.bytes);

/** What a host has signed over the years. */
const history = [
  by(a, 1),
  by(a, 2),
  by(a, 3, b),
  by(b, 4),
  by(b, 6, tpm),
  by(tpm, 7),
  by(tpm, 8, c),
  by(c, 9),
  by(c, 10),
];

describe("followStatements", () => {
  it("keeps what is known for an empty list", () => {
    const known = by(a, 1);
    expect(followStatements(known, [])).toBe(known);
  });
  it("follows the same root, an announced one, and several in a row, P-256 among them", () => {
    expect(followStatements(by(a, 1), bytes(by(a, 9))).serial).toBe(9);
    expect(followStatements(by(a, 1, b), bytes(by(b, 2))).serial).toBe(2);
    expect(followStatements(by(a, 1, b), bytes(by(a, 2))).serial).toBe(2);
    expect(followStatements(by(a, 1), bytes(by(a, 3, b), by(b, 6, tpm), by(tpm, 8, c), by(c, 10))).serial).toBe(10);
  });
  it.each([
    ["the same serial", by(a, 2), [by(a, 2)], "mismatch"],
    ["an older one", by(a, 2), [by(a, 1)], "mismatch"],
    ["one that does not rise inside the list", by(a, 1), [by(a, 3), by(a, 3)], "mismatch"],
    ["another host's", by(a, 1), [by(a, 2, undefined, { hostId: ex.example("other", 8) })], "mismatch"],
    ["a root that nobody announced", by(a, 1), [by(b, 2)], "mismatch"],
    ["a root that only a skipped statement announced", by(a, 1), [by(a, 2), by(b, 4)], "mismatch"],
    ["the old root after the change", by(a, 1, b), [by(b, 2), by(a, 3)], "mismatch"],
    ["the right bytes under the wrong algorithm", by(tpm, 1), [by({ ...b, rootAlg: 1 }, 2)], "mismatch"],
    ["an announced root whose key did not sign", by(a, 1, b), [by({ ...b, sign: a.sign }, 2)], "bad-signature"],
    ["a P-256 root whose key did not sign", by(tpm, 1), [by({ ...tpm, sign: a.sign }, 2)], "bad-signature"],
  ])("refuses %s", (_, known, list, code) => {
    expect(refusal(() => followStatements(known, bytes(...list)))).toBe(code);
  });
  it("refuses the second with any bit flipped or cut, under both algorithms", () => {
    for (const root of [a, tpm]) {
      const known = by(root, 1);
      expect(survivors(by(root, 2).bytes, (damaged) => followStatements(known, [damaged]))).toEqual([]);
    }
  });
});

describe("chainSince", () => {
  it.each([
    [1, [3, 6, 8, 10]],
    [3, [6, 8, 10]],
    [4, [6, 8, 10]],
    [8, [10]],
    [9, [10]],
    [10, []],
    [99, []],
  ])("since %i: %j", (serial, serials) => {
    expect(chainSince(history, serial).map((statement) => statement.serial)).toEqual(serials);
  });
  it("is followed by a guest that stopped anywhere", () => {
    for (const known of history)
      expect(followStatements(known, bytes(...chainSince(history, known.serial))).serial).toBe(10);
  });
  it("is no longer than an answer holds, and goes on from there", () => {
    const forty = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? by(a, i + 1, b) : by(b, i + 1, a)));
    const first = chainSince(forty, 0);
    expect(() => encodeStatementsAnswer(bytes(...first))).not.toThrow();
    const reached = followStatements(by(a, 1, b), bytes(...first.slice(1)));
    expect(reached.serial).toBe(32);
    expect(followStatements(reached, bytes(...chainSince(forty, reached.serial))).serial).toBe(40);
  });
  it("of nothing is nothing", () => {
    expect(chainSince([], 0)).toEqual([]);
  });
});
