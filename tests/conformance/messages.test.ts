/** Kit and product on single messages: signatures on which libraries disagree, and every damage of what a guest reads at boot. */
import { p256 } from "@noble/curves/nist.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireSignature } from "../../protocol/ed25519.ts";
import { checkEd25519 } from "../../protocol/keys.ts";
import { concat, fromHex, toHex } from "../../protocol/bytes.ts";
import { p256Verify } from "../../protocol/p256.ts";
import { encodeSeedFile, parseSeedFile } from "../../protocol/seed-entry.ts";
import { parseStatement } from "../../protocol/statement.ts";
import * as ex from "../../protocol/testing/example.ts";
import { damage } from "../../protocol/testing/mutations.ts";
import { refusal } from "../../protocol/testing/refusal.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { signatureCases } from "./cases/signatures.ts";
import { ed25519Root, p256Root, statementBy } from "./hosts.ts";
import { KitGuest } from "./kit-guest.ts";

function p256Signature(): { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array } {
  const message = ex.example("message", 40);
  const { rootPk, sign } = p256Root(0);
  return { publicKey: rootPk, message, signature: sign(message) };
}

describe.skipIf(!KIT_PYTHON)("kit and product", () => {
  let kit: KitGuest;
  beforeAll(() => void (kit = new KitGuest()));
  afterAll(() => kit?.[Symbol.asyncDispose]());

  // The libraries alone do not: OpenSSL 3.5 refuses every small-order key, 3.0 verifies under some. Hence the check before.
  it("accept the same set of adversarial Ed25519 signatures", async () => {
    const deviations: string[] = [];
    const seen = { accepted: 0, refused: 0 };
    for (const { name, publicKey, signature, message, expected } of signatureCases()) {
      const ours = refusal(() => requireSignature(checkEd25519(publicKey, "key"), message, signature, "test"));
      const theirs = await kit.verify(publicKey, signature, message);
      seen[ours === "accepted" ? "accepted" : "refused"]++;
      if (ours !== theirs) deviations.push(`${name}: product ${ours}, kit ${theirs}`);
      else if (ours !== expected) deviations.push(`${name}: expected ${expected}, got ${ours}`);
    }
    expect(deviations).toEqual([]);
    // Both kinds are among them, or the test would prove nothing.
    expect(seen.accepted).toBeGreaterThan(50);
    expect(seen.refused).toBeGreaterThan(400);
  });

  it("accept the same P-256 signatures: any s below the order, r and s from 1", async () => {
    const { publicKey, message, signature } = p256Signature();
    const order = p256.Point.Fn.ORDER;
    const [r, s] = [signature.subarray(0, 32), BigInt(`0x${toHex(signature.subarray(32))}`)];
    const scalar = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, "0"));
    const cases = [
      ["right", concat(r, scalar(s)), true],
      ["the other s", concat(r, scalar(order - s)), true],
      ["s = n", concat(r, scalar(order)), false],
      ["s = 0", concat(r, scalar(0n)), false],
      ["r = 0", concat(scalar(0n), scalar(s)), false],
      ["r = n", concat(scalar(order), scalar(s)), false],
      ["r = s = 1", concat(scalar(1n), scalar(1n)), false],
      ["all ones", new Uint8Array(64).fill(255), false],
    ] as const;
    for (const [name, bytes, accepted] of cases) {
      const theirs = await kit.verify(publicKey, bytes, message);
      expect([p256Verify(publicKey, message, bytes), theirs === "accepted"], name).toEqual([accepted, accepted]);
    }
  });

  const two = statementBy(ed25519Root(0), { serial: 7, next: p256Root(1), addresses: ["[2001:db8::1]:1", "a:65535"] });
  it.each([
    ["seed file", encodeSeedFile([ex.seedEntry]), (bytes: Uint8Array) => parseSeedFile(bytes)],
    ["statement", ex.statement, (bytes: Uint8Array) => parseStatement(bytes)],
    ["statement", two, (bytes: Uint8Array) => parseStatement(bytes)],
  ] as const)("say the same of every bit flip and truncation of a %s", async (message, bytes, parse) => {
    const deviations: string[] = [];
    for (const { what, bytes: damaged } of damage(bytes)) {
      const ours = refusal(() => parse(damaged));
      const theirs = await kit.parse(message, damaged);
      if (ours !== theirs) deviations.push(`${what}: product ${ours}, kit ${theirs}`);
    }
    expect(deviations.slice(0, 20)).toEqual([]);
    expect([await kit.parse(message, bytes), refusal(() => parse(bytes))]).toEqual(["accepted", "accepted"]);
  });
});
