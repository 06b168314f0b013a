/** The good answer, broken in every way that one bit or one cut can break it. */
import { concat, lp, u8 } from "../../../protocol/bytes.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { encodePacketAnswer } from "../../../protocol/transport.ts";
import { damage, truncations } from "../../../protocol/testing/mutations.ts";
import { answered, type Case, says } from "../case.ts";
import { ed25519Root, p256Root, packetFor, statementBy } from "../hosts.ts";

/** Every bit flip and truncation of the whole answer. */
export function* answerDamage(): Generator<Case> {
  const answer = encodePacketAnswer({ statements: [], packet: ex.sealed.bytes });
  for (const { what, bytes } of damage(answer))
    yield { name: `packet answer, ${what}`, expected: "refused", answers: says(bytes) };
}

/** Every truncation of the packet inside an answer that is right around it. */
export function* packetCuts(): Generator<Case> {
  for (const { what, bytes } of truncations(ex.sealed.bytes))
    yield { name: `packet, ${what}`, expected: "refused", answers: answered(bytes) };
}

/** Every bit flip and truncation of a newer statement before a good packet: neither may have an effect. */
export function* statementDamage(): Generator<Case> {
  const [old, tpm] = [ed25519Root(0), p256Root(1)];
  const known = { ed25519: ex.statement, p256: statementBy(tpm, {}) };
  const newer = { ed25519: statementBy(old, { serial: 2 }), p256: statementBy(tpm, { serial: 2 }) };
  for (const kind of ["ed25519", "p256"] as const)
    for (const { what, bytes } of damage(newer[kind])) {
      const answer = concat(u8(1), lp(bytes), lp(packetFor({})));
      yield { name: `${kind} statement, ${what}`, expected: "refused", statement: known[kind], answers: says(answer) };
    }
}
