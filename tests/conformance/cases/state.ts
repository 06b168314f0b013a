/** State files gone, damaged, and somebody else's: both guests put the same aside, count the same, and go on or do not. */
import { createHash } from "node:crypto";
import { concat, u64be, utf8 } from "../../../protocol/bytes.ts";
import { instanceIdHash } from "../../../protocol/certificate.ts";
import { keyPair } from "../../../protocol/keys.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { damage } from "../../../protocol/testing/mutations.ts";
import { answered, type Case } from "../case.ts";
import { opensshPrivateKey } from "../openssh-key.ts";

/** The host answers as if nothing were wrong. */
const answers = answered(ex.sealed.bytes);
const identity = utf8(opensshPrivateKey(ex.identity));
const another = utf8(opensshPrivateKey(keyPair("ed25519", ex.example("another identity", 32))));
const ENROLMENT = { statement: ex.statement, certificate: ex.certificate, psk: ex.psk, identity };
const OTHERS = { counter: u64be(7), issuer: ex.statement, "topup.json": utf8('{"last":{"counter":7},"pin":3}') };

/** What JSON parsers take differently, or not at all. */
const TEXTS = `
{|[]|3|null|"x"|true|{}| {} |{"a":1,}|{"a":1.5}|{"a":-1}|{"a":01}|{"a":1e3}|{"a":"1"}|{"a":null}|{"a":{}}|{"a":[]}|
{"last":3}|{"last":{}}|{"last":{"a":1},"b":2}|{"a":NaN}|{"a":9999999999999999}|{"a":99999999999999999}|{"a":1,"a":2}|
{"__proto__":1}|\uFEFF{}|${"[".repeat(100_000)}|${'{"a":'.repeat(100_000)}|`
  .replaceAll("|\n", "|")
  .split("|");
const replacedAt = (bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array =>
  concat(bytes.subarray(0, at), by, bytes.subarray(at + by.length));

type Files = NonNullable<Case["files"]>;
const from = (name: string, expected: string, files: Files): Case => ({ name, expected, answers, files });
const replaced = (bytes: Uint8Array, what: RegExp, by: string): Uint8Array =>
  utf8(Buffer.from(bytes).toString("latin1").replaceAll(what, by));

/** One file gone, or there with other bytes, while the others are as an enrolment leaves them. */
export function* stateCases(): Generator<Case> {
  for (const name of Object.keys(ENROLMENT)) yield from(`no ${name}`, "", { [name]: null });
  yield from("no psk and no identity", "", { psk: null, identity: null });
  yield from("no certificate, and another's identity", "", { certificate: null, identity: another });
  yield from("no certificate, and a damaged identity", "state-identity", { certificate: null, identity: utf8("x") });
  // Which of the two is wrong nobody knows: a join must not go on with a key that may be another host's.
  yield from("another host's identity", "state-identity", { identity: another });
  const flipped = replacedAt(ex.certificate, 30, Uint8Array.of((ex.certificate[30] ?? 0) ^ 1));
  const kind = concat(Uint8Array.of(0, 0, 0, 11), utf8("ssh-ed25519"), Uint8Array.of(0, 0, 0, 32));
  const line = Buffer.from(concat(kind, ex.identity.publicKey)).toString("base64");
  yield from("another key in the certificate than in identity and identity.pub", "state-certificate", {
    certificate: flipped,
    "identity.pub": utf8(`ssh-ed25519 ${line}\n`),
  });
  for (const [name, whole] of Object.entries({ ...ENROLMENT, ...OTHERS })) {
    yield from(`${name}: empty`, "either", { [name]: new Uint8Array(0) });
    yield from(`${name}: one byte longer`, "either", { [name]: concat(whole, Uint8Array.of(0)) });
    yield from(`${name}: one byte before`, "either", { [name]: concat(Uint8Array.of(10), whole) });
  }
  yield from("identity: one byte after the key", "state-identity", { identity: concat(identity, Uint8Array.of(0)) });
  yield from("identity: two line ends", "state-identity", { identity: concat(identity, utf8("\n")) });
  yield from("identity: no line end", "accepted", { identity: identity.slice(0, -1) });
  yield from("identity: lines end in CR LF", "state-identity", { identity: replaced(identity, /\n/g, "\r\n") });
  yield from("identity: one long line", "accepted", { identity: replaced(identity, /(?<=[\w/+])\n(?=[\w/+])/g, "") });
  for (const text of TEXTS) yield from(`topup.json: ${text}`, "either", { "topup.json": utf8(text) });
  const elsewhere = instanceIdHash("another instance");
  const record = (hash: Uint8Array): Uint8Array => concat(hash, createHash("sha256").update(hash).digest());
  const copied = replacedAt(ex.certificate, 57, elsewhere);
  yield from("another instance's certificate", "instance", { certificate: copied });
  yield from("another instance's certificate and record", "instance", {
    certificate: copied,
    instance: record(elsewhere),
  });
  yield from("another instance's certificate, and no record", "instance", {
    certificate: copied,
    instance: record(elsewhere).slice(1),
  });
  // One record that names this machine is enough: the other one is damaged, and no copy has it.
  yield from("a certificate whose instance is damaged", "accepted", {
    certificate: copied,
    instance: record(instanceIdHash(ex.instanceId)),
  });
  yield from("another instance's record", "accepted", { instance: record(elsewhere) });
  for (const name of ["certificate", "psk", "identity", "counter", "issuer"] as const)
    for (const { what, bytes } of damage({ ...ENROLMENT, ...OTHERS }[name]))
      yield from(`${name}, ${what}`, "either", { [name]: bytes });
}
