/** Chains of statements: what is followed, and every way in which one is not. */
import { ed25519Signer } from "../../../protocol/keys.ts";
import type { StatementFields } from "../../../protocol/statement.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { answered, type Case } from "../case.ts";
import { ed25519Root, p256Root, packetFor, packetKeyOf, statementBy } from "../hosts.ts";

const [r0, r1, r2, r3] = [ed25519Root(0), ed25519Root(1), ed25519Root(2), ed25519Root(3)] as const;
const tpm = p256Root(1);
const tpm2 = p256Root(2);
const newKey = packetKeyOf(7);
const signNew = ed25519Signer(newKey.privateKey);
const at = (serial: number, change: Partial<StatementFields> = {}): Partial<StatementFields> => ({ serial, ...change });

const chain = (name: string, expected: string, statements: Uint8Array[], known?: Uint8Array): Case => ({
  name,
  expected,
  ...(known === undefined ? {} : { statement: known }),
  answers: answered(packetFor({}), ...statements),
});

/** Followed: the packet is taken, and the newest statement is what the guest keeps. */
function* followed(): Generator<Case> {
  yield chain("a newer statement", "accepted", [statementBy(r0, at(2))]);
  yield chain("the highest serial there is", "accepted", [statementBy(r0, at(2 ** 32 - 1))]);
  yield chain("other pins, addresses and interval", "accepted", [
    statementBy(
      r0,
      at(2, { pins: [newKey.publicKey, ex.tlsPin], addresses: ["[2001:db8::1]:1", "h:65535"], intervalMs: 1 }),
    ),
  ]);
  yield {
    name: "a new packet key signs at once",
    expected: "accepted",
    answers: answered(packetFor({ signPacket: signNew }), statementBy(r0, at(2, { packetPk: newKey.publicKey }))),
  };
  yield chain("a root change", "accepted", [statementBy(r0, at(2, { next: r1 })), statementBy(r1, at(3))]);
  yield chain("a root change announced before", "accepted", [statementBy(r1, at(3))], statementBy(r0, { next: r1 }));
  yield chain("three root changes slept through", "accepted", [
    statementBy(r0, at(2, { next: r1 })),
    statementBy(r1, at(4, { next: r2 })),
    statementBy(r2, at(7, { next: r3 })),
    statementBy(r3, at(8)),
  ]);
  yield chain("to a P-256 root and on to another", "accepted", [
    statementBy(r0, at(2, { next: tpm })),
    statementBy(tpm, at(3, { next: tpm2 })),
    statementBy(tpm2, at(4)),
  ]);
  yield chain("back from a P-256 root", "accepted", [statementBy(r1, at(3))], statementBy(tpm, { next: r1 }));
  yield chain(
    "an announced root that is not used yet",
    "accepted",
    [statementBy(r0, at(3))],
    statementBy(r0, { next: r1 }),
  );
  yield chain(
    "32 statements",
    "accepted",
    Array.from({ length: 32 }, (_, i) => statementBy(r0, at(i + 2))),
  );
}

/** Not followed: nothing of the answer has any effect, and the statement stays. */
function* refusedOnes(): Generator<Case> {
  yield chain("the same serial", "mismatch", [statementBy(r0, at(1, { intervalMs: 5 }))]);
  yield chain("the very same statement", "mismatch", [ex.statement]);
  yield chain("an older serial", "mismatch", [statementBy(r0, at(4))], statementBy(r0, at(5)));
  yield chain("serial 0", "mismatch", [statementBy(r0, at(0))]);
  yield chain("newest first", "mismatch", [statementBy(r0, at(3)), statementBy(r0, at(2))]);
  yield chain("one of another host", "mismatch", [statementBy(r0, at(2, { hostId: ex.example("other", 8) }))]);
  yield chain("a root that nobody announced", "mismatch", [statementBy(r1, at(2))]);
  yield chain("the root after the next", "mismatch", [statementBy(r0, at(2, { next: r1 })), statementBy(r2, at(3))]);
  yield chain("the old root after the change", "mismatch", [
    statementBy(r0, at(2, { next: r1 })),
    statementBy(r1, at(3)),
    statementBy(r0, at(4)),
  ]);
  yield chain("an announced root, signed by the old one", "bad-signature", [
    statementBy(r0, at(2, { next: r1 })),
    statementBy(r1, at(3), r0),
  ]);
  yield chain("the old root, signed by the announced one", "bad-signature", [
    statementBy(r0, at(2, { next: r1 })),
    statementBy(r0, at(3), r1),
  ]);
  yield chain("P-256 root, signed by another", "bad-signature", [statementBy(tpm, at(2), tpm2)], statementBy(tpm, {}));
  yield chain(
    "P-256 root that is no point",
    "bad-signature",
    [statementBy({ ...tpm, rootPk: Uint8Array.of(5, ...new Uint8Array(32)) }, at(3))],
    statementBy(r0, at(2, { next: { rootAlg: 2, rootPk: Uint8Array.of(5, ...new Uint8Array(32)) } })),
  );
  yield chain("a good one, then one with a wrong signature: neither is kept", "bad-signature", [
    statementBy(r0, at(2)),
    statementBy(r0, at(3), r1),
  ]);
  yield chain("a good one, then one cut short", "malformed", [
    statementBy(r0, at(2)),
    statementBy(r0, at(3)).slice(0, -1),
  ]);
  yield {
    name: "a newer statement, and a packet by the old packet key",
    expected: "bad-signature",
    answers: answered(packetFor({}), statementBy(r0, at(2, { packetPk: newKey.publicKey }))),
  };
  yield {
    name: "a packet by a key that no statement names",
    expected: "bad-signature",
    answers: answered(packetFor({ signPacket: signNew })),
  };
}

export function* statementCases(): Generator<Case> {
  yield* followed();
  yield* refusedOnes();
}
