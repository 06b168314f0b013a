/** Kit and product on single messages: signatures on which libraries disagree, and every damage of what a guest reads at boot. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkEd25519, requireSignature } from "../../protocol/keys.ts";
import { encodeSeedFile, parseSeedFile } from "../../protocol/seed-entry.ts";
import { parseStatement } from "../../protocol/statement.ts";
import * as ex from "../../protocol/testing/example.ts";
import { damage } from "../../protocol/testing/mutations.ts";
import { refusal } from "../../protocol/testing/refusal.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { signatureCases } from "./cases/signatures.ts";
import { ed25519Root, p256Root, statementBy } from "./hosts.ts";
import { KitGuest } from "./kit-guest.ts";

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
      else if (expected !== "either" && ours !== expected)
        deviations.push(`${name}: expected ${expected}, got ${ours}`);
    }
    expect(deviations).toEqual([]);
    // Both kinds are among them, or the test would prove nothing.
    expect(seen.accepted).toBeGreaterThan(50);
    expect(seen.refused).toBeGreaterThan(400);
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
