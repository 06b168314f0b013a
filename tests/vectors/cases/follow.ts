/** Vectors of following: what a guest that knows one statement makes of the next ones; and how it asks for them. */
import { p256 } from "@noble/curves/nist.js";
import { concat, u16be, u8 } from "../../../protocol/bytes.ts";
import { ed25519Signer, keyPair, type Signer } from "../../../protocol/keys.ts";
import { encodeStatement, type RootKey } from "../../../protocol/statement.ts";
import { encodeGreeting, frame } from "../../../protocol/tcp.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { encodeStatementsAnswer, encodeStatementsRequest } from "../../../protocol/transport.ts";
import { refuse, toHex, values, wrongLengths, type Accepted, type Refused, type VectorFile } from "./vector.ts";

type Root = RootKey & { readonly sign: Signer };

function ed25519Root(name: string): Root {
  const pair = name === "root" ? ex.root : keyPair("ed25519", ex.example(name, 32));
  return { rootAlg: 1, rootPk: pair.publicKey, sign: ed25519Signer(pair.privateKey) };
}
const tpmSk = ex.example("P-256 root", 32);
const tpm: Root = { rootAlg: 2, rootPk: p256.getPublicKey(tpmSk, true), sign: (message) => p256.sign(message, tpmSk) };
const [a, b, c] = [ed25519Root("root"), ed25519Root("second root"), ed25519Root("third root")];

function by(root: Root, serial: number, next?: Root, signer: Root = root): Uint8Array {
  const { rootAlg, rootPk } = root;
  const following = next === undefined ? {} : { next: { rootAlg: next.rootAlg, rootPk: next.rootPk } };
  return encodeStatement({ ...ex.statementFields, rootAlg, rootPk, serial, ...following }, signer.sign);
}

/** Whoever announces such a root has lost the next statement. */
const noPoint: Root = { rootAlg: 2, rootPk: notOnCurve(), sign: tpm.sign };
const foreign = encodeStatement({ ...ex.statementFields, hostId: ex.example("another host", 8), serial: 2 }, a.sign);

function notOnCurve(): Uint8Array {
  for (let x = 1; ; x++) {
    const bytes = concat(u8(2), new Uint8Array(31), u8(x));
    if (!p256.utils.isValidPublicKey(bytes, true)) return bytes;
  }
}

const accept = (name: string, newest: number, known: Uint8Array, list: Uint8Array[]): Accepted => ({
  name,
  fields: values({ known, newest, statements: list }),
  bytes: toHex(encodeStatementsAnswer(list)),
});
const refused = (name: string, code: string, known: Uint8Array, list: Uint8Array[]): Refused =>
  refuse(name, code, encodeStatementsAnswer(list), { known });

export const statementsAnswer: VectorFile = {
  message: "statements answer",
  layout: "n ‖ n × lp(statement)",
  given: values({ known: by(a, 1) }),
  accepted: [
    accept("nothing newer", 1, by(a, 1), []),
    accept("the same root", 9, by(a, 1), [by(a, 9)]),
    accept("an announced root", 2, by(a, 1, b), [by(b, 2)]),
    accept("three root changes in a row, one to P-256", 8, by(a, 1), [
      by(a, 2, b),
      by(b, 4, tpm),
      by(tpm, 7, c),
      by(c, 8),
    ]),
    accept("the old root while it announces another", 2, by(a, 1, b), [by(a, 2, b)]),
    accept("an announcement taken back", 2, by(a, 1, b), [by(a, 2)]),
    accept("P-256 all the way", 3, by(tpm, 1), [by(tpm, 3)]),
  ],
  refused: [
    ...wrongLengths(encodeStatementsAnswer([by(a, 2)])),
    refuse(
      "33 statements",
      "malformed",
      Uint8Array.of(
        33,
        ...encodeStatementsAnswer(Array.from({ length: 32 }, () => by(a, 2))).subarray(1),
        ...encodeStatementsAnswer([by(a, 2)]).subarray(1),
      ),
    ),
    refused("the same serial", "mismatch", by(a, 2), [by(a, 2)]),
    refused("a serial that does not rise in the list", "mismatch", by(a, 1), [by(a, 3), by(a, 3)]),
    refused("a root that nobody announced", "mismatch", by(a, 1), [by(b, 2)]),
    refused("a root whose announcement was taken back", "mismatch", by(a, 1, b), [by(a, 2), by(b, 3)]),
    refused("another host's, by the same root", "mismatch", by(a, 1), [foreign]),
    refused("the old root after the change", "mismatch", by(a, 1, b), [by(b, 2), by(a, 3)]),
    refused("an announced root that did not sign", "bad-signature", by(a, 1, b), [by(b, 2, undefined, a)]),
    refused("a P-256 root that did not sign", "bad-signature", by(tpm, 1), [by(tpm, 2, undefined, a)]),
    refused("an announced root that is no point of its curve", "bad-signature", by(a, 1, noPoint), [by(noPoint, 2)]),
    refused("a good one before a bad one", "bad-signature", by(a, 1), [by(a, 2), by(a, 3, undefined, b)]),
  ],
};

const request = encodeStatementsRequest({ hostId: ex.hostId, serial: 7 });

export const statementsRequest: VectorFile = {
  message: "statements request",
  layout: "hostId 8 ‖ serial u32",
  given: values({}),
  accepted: [{ name: "12 bytes", fields: values({ hostId: ex.hostId, serial: 7 }), bytes: toHex(request) }],
  refused: wrongLengths(request),
};

const nonce = ex.example("nonce", 16);
const greeting = encodeGreeting({ hostId: ex.hostId, nonce });

export const greetings: VectorFile = {
  message: "greeting",
  layout: "hostId 8 ‖ nonce 16",
  given: values({}),
  accepted: [{ name: "24 bytes", fields: values({ hostId: ex.hostId, nonce }), bytes: toHex(greeting) }],
  refused: wrongLengths(greeting),
};

const maxBytes = 4096;
const frames = [greeting, ex.hello, new Uint8Array(0), ex.receipt];

export const tcpFrames: VectorFile = {
  message: "tcp frames",
  layout: "`lp(message)`",
  given: values({ maxBytes }),
  accepted: [
    { name: "a stream", fields: values({ messages: frames }), bytes: toHex(concat(...frames.map(frame))) },
    {
      name: "as long as may be",
      fields: values({ messages: [ex.example("frame", maxBytes)] }),
      bytes: toHex(frame(ex.example("frame", maxBytes))),
    },
  ],
  refused: [
    refuse("a length beyond, before any byte of it", "too-long", u16be(maxBytes + 1)),
    refuse("the same after a good frame", "too-long", concat(frame(ex.receipt), u16be(maxBytes + 1))),
    refuse("the longest length there is", "too-long", u16be(0xffff)),
  ],
};
