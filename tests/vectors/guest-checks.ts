/**
 * What a receiver does with each message: parse, then trust; gives what it read. Here are the messages that a guest's
 * program makes or takes: nothing of this file may need more than Node 18, or the libraries of the host.
 */
import * as p from "../../protocol/index.ts";
import type { Values } from "./cases/vector.ts";

type Known = (name: string) => Uint8Array;
/** Reads a message with what its receiver knows besides. */
export type Check = (bytes: Uint8Array, known: Known, given: Values) => object;

/** By the name in the vector file. */
export const GUEST_CHECKS: Readonly<Record<string, Check>> = {
  statement(bytes, known) {
    const statement = p.parseStatement(bytes);
    p.verifyStatement(statement, { rootAlg: 1, rootPk: known("rootPk") });
    return statement;
  },
  "seed entry": (bytes) => p.parseSeedEntry(bytes),
  "seed file": (bytes) => ({ entries: p.parseSeedFile(bytes).map((entry) => p.encodeSeedEntry(entry)) }),
  claim(bytes, known) {
    const claim = p.parseClaim(bytes);
    p.verifyClaimMac(claim, known("claimKey"), known("tlsPin"));
    return claim;
  },
  "claim answer": (bytes) => p.parseClaimAnswer(bytes),
  certificate(bytes, known) {
    const certificate = p.parseCertificate(bytes);
    p.verifyCertificate(certificate, known("packetPk"));
    return certificate;
  },
  hello(bytes, known) {
    const hello = p.parseHello(bytes);
    p.verifyHello({ hello, hostId: known("hostId"), nonce: known("nonce"), identityPk: known("identityPk") });
    return hello;
  },
  packet(bytes, known) {
    const helloBytes = known("hello");
    const lastCounter = p.parseHello(helloBytes).lastCounter;
    const context = { hostId: known("hostId"), seedId: known("seedId"), psk: known("psk"), nonce: known("nonce") };
    const keys = { skE: known("skE"), packetPk: known("packetPk") };
    return p.openPacket({ bytes, helloBytes, lastCounter, ...context, ...keys });
  },
  receipt(bytes, known) {
    const receipt = p.parseReceipt(bytes);
    p.verifyReceipt(receipt, known("receiptKey"));
    return receipt;
  },
  "packet request": (bytes) => ({ certificate: new Uint8Array(0), ...p.parsePacketRequest(bytes) }),
  "packet answer": (bytes) => p.parsePacketAnswer(bytes),
  "receipt request": (bytes) => p.parseReceiptRequest(bytes),
  "statements request": (bytes) => p.parseStatementsRequest(bytes),
  "statements answer"(bytes, known) {
    const statement = p.parseStatement(known("known"));
    const statements = p.parseStatementsAnswer(bytes);
    return { newest: p.followStatements(statement, statements).serial, statements };
  },
  greeting: (bytes) => p.parseGreeting(bytes),
  "tcp frames": (bytes, _, given) => ({ messages: new p.FrameReader(Number(given["maxBytes"])).push(bytes) }),
  "join token": (bytes) => p.parseJoinToken(bytes),
  join(bytes, known) {
    const join = p.parseJoin(bytes);
    p.verifyJoinMac(join, known("joinKey"), known("tlsPin"));
    return join;
  },
  "join answer": (bytes) => p.parseJoinAnswer(bytes),
};
