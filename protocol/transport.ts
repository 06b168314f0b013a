/**
 * Bodies of the `pull` transport, `application/octet-stream` over pinned TLS 1.3.
 *
 *     POST /v1/packets  = hello 126 ‖ lp(certificate or empty) ‖ n ‖ n × lp(statement)     200 = n ‖ n × lp(statement) ‖ lp(packet)
 *     POST /v1/receipts = seedId 16 ‖ receipt 42          204
 *     POST /v1/statements = hostId 8 ‖ serial u32          200 = n ‖ n × lp(statement)
 */
import { concat, exactly, lp, Reader, u32be, u8 } from "./bytes.ts";
import { CERTIFICATE_BYTES } from "./certificate.ts";
import { HELLO_BYTES } from "./hello.ts";
import { RECEIPT_BYTES } from "./receipt.ts";

/** Statements in one body: a guest that slept gets every root change since its serial. */
export const MAX_STATEMENTS = 32;

/** The guest's request, its messages not yet parsed. */
export interface PacketRequest {
  /** 126 bytes */
  readonly hello: Uint8Array;
  /** 165 bytes, only after a 403: a host that does not know the VM re-imports it */
  readonly certificate?: Uint8Array;
  /** with a certificate, oldest first: the one that names the key which signed it where kept, and the newest */
  readonly statements: readonly Uint8Array[];
}

/** The host's answer, its messages not yet parsed. */
export interface PacketAnswer {
  /** newer than the guest's, oldest first; usually none */
  readonly statements: readonly Uint8Array[];
  readonly packet: Uint8Array;
}

/** A receipt on its way, not yet parsed. */
export interface ReceiptRequest {
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** 42 bytes */
  readonly receipt: Uint8Array;
}

/** What a guest asks a server whose certificate it does not know: nothing but what is newer than its own statement. */
export interface StatementsRequest {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** of the newest statement the guest has, u32 */
  readonly serial: number;
}

export function encodePacketRequest(request: PacketRequest): Uint8Array {
  const { certificate } = request;
  return concat(
    exactly(request.hello, HELLO_BYTES, "hello"),
    lp(certificate === undefined ? new Uint8Array(0) : exactly(certificate, CERTIFICATE_BYTES, "certificate")),
    encodeStatements(request.statements),
  );
}

/** @throws BootseedError "malformed" */
export function parsePacketRequest(bytes: Uint8Array): PacketRequest {
  const reader = new Reader(bytes, "packet request");
  const hello = reader.take(HELLO_BYTES, "hello");
  const certificate = reader.lp("certificate");
  if (certificate.length !== 0 && certificate.length !== CERTIFICATE_BYTES)
    reader.refuse(`certificate: expected 0 or ${CERTIFICATE_BYTES} bytes, got ${certificate.length}`);
  const statements = readStatements(reader);
  reader.end();
  return { hello, ...(certificate.length === 0 ? {} : { certificate }), statements };
}

export function encodePacketAnswer(answer: PacketAnswer): Uint8Array {
  return concat(encodeStatements(answer.statements), lp(answer.packet));
}

/** @throws BootseedError "malformed" */
export function parsePacketAnswer(bytes: Uint8Array): PacketAnswer {
  const reader = new Reader(bytes, "packet answer");
  const statements = readStatements(reader);
  const packet = reader.lp("packet");
  reader.end();
  return { statements, packet };
}

export function encodeReceiptRequest(request: ReceiptRequest): Uint8Array {
  return concat(exactly(request.seedId, 16, "seedId"), exactly(request.receipt, RECEIPT_BYTES, "receipt"));
}

/** @throws BootseedError "malformed" */
export function parseReceiptRequest(bytes: Uint8Array): ReceiptRequest {
  const reader = new Reader(bytes, "receipt request");
  const request = { seedId: reader.take(16, "seedId"), receipt: reader.take(RECEIPT_BYTES, "receipt") };
  reader.end();
  return request;
}

/** @returns 12 bytes */
export function encodeStatementsRequest({ hostId, serial }: StatementsRequest): Uint8Array {
  return concat(exactly(hostId, 8, "hostId"), u32be(serial));
}

/** @throws BootseedError "malformed" */
export function parseStatementsRequest(bytes: Uint8Array): StatementsRequest {
  const reader = new Reader(bytes, "statements request");
  const request = { hostId: reader.take(8, "hostId"), serial: reader.u32("serial") };
  reader.end();
  return request;
}

/** @param statements - oldest first, at most 32; none when the guest has the newest */
export function encodeStatementsAnswer(statements: readonly Uint8Array[]): Uint8Array {
  return encodeStatements(statements);
}

/** @returns the messages, not yet parsed @throws BootseedError "malformed" */
export function parseStatementsAnswer(bytes: Uint8Array): Uint8Array[] {
  const reader = new Reader(bytes, "statements answer");
  const statements = readStatements(reader);
  reader.end();
  return statements;
}

function encodeStatements(statements: readonly Uint8Array[]): Uint8Array {
  if (statements.length > MAX_STATEMENTS)
    throw new RangeError(`statements: expected at most ${MAX_STATEMENTS}, got ${statements.length}`);
  return concat(u8(statements.length), ...statements.map((statement) => lp(statement)));
}

function readStatements(reader: Reader): Uint8Array[] {
  const count = reader.u8("number of statements");
  if (count > MAX_STATEMENTS) reader.refuse(`statements: expected at most ${MAX_STATEMENTS}, got ${count}`);
  return Array.from({ length: count }, () => reader.lp("statement"));
}
