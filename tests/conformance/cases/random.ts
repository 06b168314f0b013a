/** Bodies of random bytes, and of pieces of good messages: the same ones for the same seed. */
import { createCipheriv, createHash } from "node:crypto";
import * as ex from "../../../protocol/testing/example.ts";
import { encodePacketAnswer } from "../../../protocol/transport.ts";
import { type Case, says } from "../case.ts";

/** Random bytes that depend on the seed alone: AES-256 in counter mode. */
function stream(seed: string): (size: number) => Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  return (size) => cipher.update(new Uint8Array(size));
}

const PIECES = [
  encodePacketAnswer({ statements: [], packet: ex.sealed.bytes }),
  encodePacketAnswer({ statements: [ex.statement], packet: ex.sealed.bytes }),
  ex.claimAnswer,
  ex.report,
];

/** @param count of bodies; every fourth is a good message with random bytes written over a random place of it */
export function* randomBodies(seed: string, count: number): Generator<Case> {
  const random = stream(seed);
  const number = (): number => Buffer.from(random(4)).readUInt32BE();
  for (let i = 0; i < count; i++) {
    const kind = number() % 4;
    let body: Uint8Array;
    if (kind === 0) {
      body = Uint8Array.from(PIECES[number() % PIECES.length] ?? []);
      const size = 1 + (number() % 16);
      const at = number() % Math.max(1, body.length - size);
      body.set(random(size), at);
    } else {
      // Mostly short: a long one of random bytes dies at its first length field.
      body = Uint8Array.from(random(number() % (kind === 1 ? 1400 : 64)));
      if (kind === 2 && body.length > 3) body.set([0, 0, body.length - 3]);
    }
    yield { name: `random body ${i} of ${seed}`, expected: "either", answers: says(body) };
  }
}
