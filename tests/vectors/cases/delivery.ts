/** Vectors of a delivery: hello, receipt, and the bodies that carry them. */
import { concat, u64be } from "../../../protocol/bytes.ts";
import { signHello, type HelloFields } from "../../../protocol/hello.ts";
import { hmacSha256 } from "../../../protocol/mac.ts";
import { encodeReceipt, type ReceiptFields } from "../../../protocol/receipt.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { maced, signed } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { encodePacketAnswer, encodePacketRequest, encodeReceiptRequest } from "../../../protocol/transport.ts";
import { refuse, toHex, values, wrongLengths, type Accepted, type VectorFile } from "./vector.ts";

const context = { hostId: ex.hostId, nonce: ex.nonce };
const helloFields: HelloFields = { seedId: ex.seedId, pkE: ex.pkE.publicKey, lastCounter: 0, statementSerial: 1 };
const body = ex.hello.subarray(0, -64);
const resigned = (changed: Uint8Array): Uint8Array =>
  signed("hello", changed, ex.signIdentity, concat(ex.hostId, ex.nonce));
const counter = (...bytes: number[]): Uint8Array => resigned(patched(body, 50, ...bytes));

function acceptHello(name: string, change: Partial<HelloFields>): Accepted {
  const fields = { ...helloFields, ...change };
  return { name, fields: values({ ...fields }), bytes: toHex(signHello(fields, context, ex.signIdentity)) };
}

export const hello: VectorFile = {
  message: "hello",
  layout:
    "version ‖ suite ‖ seedId 16 ‖ pkE 32 ‖ lastCounter u64 ‖ statementSerial u32 ‖ identity's sig 64 (label hello ‖ hostId 8 ‖ nonce 16 ‖ all before)",
  given: values({ ...context, identitySk: ex.identity.privateKey, identityPk: ex.identity.publicKey }),
  accepted: [
    acceptHello("the first", {}),
    acceptHello("after 41 packets", { lastCounter: 41, statementSerial: 7 }),
    acceptHello("before the last packet there is", { lastCounter: 2 ** 53 - 2, statementSerial: 0xffff_ffff }),
  ],
  refused: [
    ...wrongLengths(ex.hello),
    refuse("version 2", "bad-version", resigned(patched(body, 0, 2))),
    refuse("suite 2", "bad-suite", resigned(patched(body, 1, 2))),
    refuse("receive key 0", "small-order-key", resigned(patched(body, 18, ...new Uint8Array(32)))),
    refuse(
      "receive key 1, top bit set",
      "small-order-key",
      resigned(patched(body, 18, 1, ...new Uint8Array(30), 0x80)),
    ),
    refuse("lastCounter 2^53 - 1", "bad-counter", counter(...u64be(2 ** 53 - 1))),
    refuse("lastCounter 2^53", "malformed", counter(0, 0x20, 0, 0, 0, 0, 0, 0)),
    refuse("lastCounter 2^64 - 1", "malformed", counter(...new Uint8Array(8).fill(0xff))),
    refuse("for another host", "bad-signature", ex.hello, { hostId: ex.example("other host", 8) }),
    refuse("for another nonce", "bad-signature", ex.hello, { nonce: ex.example("nonce", 16) }),
    refuse("signed by another identity", "bad-signature", signHello(helloFields, context, ex.signRoot)),
    refuse(
      "signed without the label",
      "bad-signature",
      concat(body, ex.signIdentity(concat(ex.hostId, ex.nonce, body))),
    ),
  ],
};

const { receiptKey } = ex.sealed;
const receiptBody = ex.receipt.subarray(0, 10);

function acceptReceipt(name: string, fields: ReceiptFields): Accepted {
  return { name, fields: values({ ...fields }), bytes: toHex(encodeReceipt(fields, receiptKey)) };
}

export const receipt: VectorFile = {
  message: "receipt",
  layout: "counter u64 ‖ rcMix ‖ rcReseed ‖ HMAC-SHA-256(receiptKey, label receipt ‖ all before) 32",
  given: values({ receiptKey }),
  accepted: [
    acceptReceipt("done", { counter: 1, rcMix: 0, rcReseed: 0 }),
    acceptReceipt("EPERM, not tried", { counter: 2 ** 53 - 1, rcMix: 1, rcReseed: 255 }),
  ],
  refused: [
    ...wrongLengths(ex.receipt),
    refuse("counter 0", "bad-counter", maced("receipt", patched(receiptBody, 7, 0), receiptKey)),
    refuse(
      "counter 2^53",
      "malformed",
      maced("receipt", patched(receiptBody, 0, 0, 0x20, 0, 0, 0, 0, 0, 0), receiptKey),
    ),
    refuse("another packet's key", "bad-mac", maced("receipt", receiptBody, ex.example("other", 32))),
    refuse("MAC without the label", "bad-mac", concat(receiptBody, hmacSha256(receiptKey, receiptBody))),
  ],
};

const { certificate, statement } = ex;
const requests = [
  { hello: ex.hello, statements: [] },
  { hello: ex.hello, certificate, statements: [statement] },
];

export const packetRequest: VectorFile = {
  message: "packet request",
  layout: "hello 126 ‖ lp(certificate or empty) ‖ n ‖ n × lp(statement)",
  given: {},
  accepted: requests.map((request, index) => ({
    name: index === 0 ? "the usual" : "after a 403: with certificate and statement",
    fields: values({ certificate: new Uint8Array(0), ...request }),
    bytes: toHex(encodePacketRequest(request)),
  })),
  refused: [
    ...wrongLengths(encodePacketRequest({ hello: ex.hello, statements: [] })),
    refuse(
      "certificate of 164 bytes",
      "malformed",
      concat(ex.hello, Uint8Array.of(0, 164), certificate.subarray(1), Uint8Array.of(0)),
    ),
    refuse("33 statements", "malformed", concat(ex.hello, Uint8Array.of(0, 0, 33), new Uint8Array(66))),
  ],
};

export const packetAnswer: VectorFile = {
  message: "packet answer",
  layout: "n ‖ n × lp(statement) ‖ lp(packet)",
  given: {},
  accepted: [[], [statement, statement]].map((statements) => ({
    name: `statements: ${statements.length}`,
    fields: values({ statements, packet: ex.sealed.bytes }),
    bytes: toHex(encodePacketAnswer({ statements, packet: ex.sealed.bytes })),
  })),
  refused: wrongLengths(encodePacketAnswer({ statements: [statement], packet: ex.sealed.bytes })),
};

export const receiptRequest: VectorFile = {
  message: "receipt request",
  layout: "seedId 16 ‖ receipt 42",
  given: {},
  accepted: [
    {
      name: "58 bytes",
      fields: values({ seedId: ex.seedId, receipt: ex.receipt }),
      bytes: toHex(encodeReceiptRequest({ seedId: ex.seedId, receipt: ex.receipt })),
    },
  ],
  refused: wrongLengths(encodeReceiptRequest({ seedId: ex.seedId, receipt: ex.receipt })),
};
