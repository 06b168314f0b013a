/** Every vector against the product: its parsers and verifiers accept and refuse exactly so. */
import { describe, expect, it } from "vitest";
import * as p from "../../protocol/index.ts";
import { refusal } from "../../protocol/testing/refusal.ts";
import type { Json, Values, VectorFile } from "./cases/vector.ts";
import { hex, readVectors, toHex } from "./json.ts";
import { fileName, VECTOR_FILES } from "./make.ts";

type Known = (name: string) => Uint8Array;
type Check = (bytes: Uint8Array, known: Known, given: Values) => object;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Parse, then trust: what a receiver does with each message. Returns what it read. */
const CHECKS: Readonly<Record<string, Check>> = {
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
  report(bytes, known) {
    const report = p.parseReport(bytes);
    p.verifyReport(report, known("identityPk"));
    return { json: text(report.json) };
  },
  sshsig(bytes, known, given) {
    p.verifySshsig(bytes, known("message"), String(given["namespace"]), known("publicKey"));
    return { publicKey: p.parseSshsig(bytes).publicKey };
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
  "join token": (bytes) => p.parseJoinToken(bytes),
  join(bytes, known) {
    const join = p.parseJoin(bytes);
    p.verifyJoinMac(join, known("joinKey"), known("tlsPin"));
    return join;
  },
  "join answer": (bytes) => p.parseJoinAnswer(bytes),
  "reservation token": (bytes, known, given) =>
    p.verifyToken(text(bytes), known("seedId"), known("kToken"), Number(given["now"])),
};

/** What was read, in the form that vector files have. */
function plain(value: unknown): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value as Json;
}

function check(message: string, bytes: string, given: Values): object {
  const action = CHECKS[message];
  if (action === undefined) throw new Error(`no check for ${message}`);
  return action(hex(bytes), (name) => hex(String(given[name])), given);
}

const DERIVED = ["derive", "mix", "join seedId"];
const names = VECTOR_FILES.map(({ message }) => message).filter((message) => !DERIVED.includes(message));

describe.each(names)("%s, by the product", (message) => {
  const file = readVectors(fileName(message)) as VectorFile;

  it.each(file.accepted)("accepts: $name", ({ fields, bytes }) => {
    // In sshsig.json each case has a key of its own, and a guest knows a statement of its own before each answer;
    // elsewhere no field is named like a given value that it differs from.
    const own = message === "sshsig" || message === "statements answer";
    const given = own ? { ...file.given, ...fields } : file.given;
    const { instanceId, known: _known, ...compared } = fields;
    const read = plain(check(message, bytes, given));
    expect(read).toMatchObject(message === "certificate" || own ? compared : fields);
    if (message === "certificate") expect(toHex(p.instanceIdHash(String(instanceId)))).toBe(fields["instanceIdHash"]);
  });

  it.each(file.refused)("refuses as $code: $name", ({ bytes, code, given }) => {
    expect(refusal(() => check(message, bytes, { ...file.given, ...given }))).toBe(code);
  });
});

it("derives key and seedId of a joined machine", () => {
  const { given, accepted } = readVectors("join-seedId.json") as VectorFile;
  const [kJoin, tokenId, identityPk] = ["kJoin", "tokenId", "identityPk"].map((name) => hex(String(given[name])));
  if (kJoin === undefined || tokenId === undefined || identityPk === undefined) throw new Error("expected three keys");
  expect(toHex(p.joinKeyFor(kJoin, tokenId))).toBe(accepted[0]?.fields["joinKey"]);
  const hash = p.instanceIdHash(String(given["instanceId"]));
  expect(toHex(p.joinSeedIdFor(kJoin, tokenId, identityPk, hash))).toBe(accepted[0]?.bytes);
});

it("names every refusal once", () => {
  for (const { message, refused } of VECTOR_FILES) {
    const refusedNames = refused.map(({ name }) => name);
    expect(new Set(refusedNames).size, message).toBe(refusedNames.length);
  }
});
