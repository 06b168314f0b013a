/** Whole and right messages in the wrong place: of other VMs, other hosts, other times, other kinds. */
import { concat, lp, u8 } from "../../../protocol/bytes.ts";
import { encodePlaintext } from "../../../protocol/der.ts";
import { sealPsk } from "../../../protocol/hpke.ts";
import { label, type LabelName } from "../../../protocol/labels.ts";
import { sha256 } from "../../../protocol/mac.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { packetAround, signedPacket } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { answered, type Case, says } from "../case.ts";
import { packetFor } from "../hosts.ts";

const good = encodePlaintext({ timestamp: ex.now, counter: 1, chunk: ex.chunk });
const unsigned = ex.sealed.bytes.subarray(0, -64);
const other = ex.example("other", 32);
const LABELS: readonly LabelName[] = ["mint", "seed", "claim", "enrolment", "hello", "receipt", "statement", "join"];

const packet = (name: string, expected: string, bytes: Uint8Array): Case => ({
  name,
  expected,
  answers: answered(bytes),
});

/** A packet whose signature or whose HPKE info carries another label. */
function* labels(): Generator<Case> {
  const about = sha256(concat(ex.nonce, ex.hello));
  for (const name of LABELS) {
    const [head, rest] = [unsigned.subarray(0, 2), unsigned.subarray(2)];
    const signature = ex.signPacket(concat(label(name), head, ex.hostId, about, rest));
    yield packet(`signed under the label ${name}`, "bad-signature", concat(unsigned, signature));
    const info = concat(label(name), ex.hostId, ex.seedId);
    const { enc, ct } = sealPsk(
      ex.pkE.publicKey,
      { info, psk: ex.psk, pskId: ex.seedId, aad: new Uint8Array(0) },
      good,
    );
    const sealed = signedPacket(concat(u8(1), u8(1), enc, ct), ex.signPacket);
    yield packet(`sealed under the label ${name}`, "open-failed", sealed);
  }
}

/** Fields of another VM, host or delivery, each rightly signed. */
function* swapped(): Generator<Case> {
  const change = { hostId: other.slice(0, 8), seedId: other.slice(0, 16), psk: other };
  for (const [field, value] of Object.entries(change))
    yield packet(
      `sealed with another ${field}`,
      field === "hostId" ? "bad-signature" : "open-failed",
      packetAround(good, { [field]: value }),
    );
  yield packet("for another nonce", "bad-signature", packetAround(good, { nonce: other.slice(0, 16) }));
  yield packet("for the hello before", "bad-signature", packetFor({ counter: 1 }));
  yield packet("for a hello of another serial", "bad-signature", packetFor({ serial: 2 }));
  yield packet("signed by the root", "bad-signature", signedPacket(unsigned, ex.signRoot));
  yield packet("signed by the VM's own identity", "bad-signature", signedPacket(unsigned, ex.signIdentity));
  for (const version of [0, 2, 255]) {
    yield packet(`version ${version}`, "bad-version", signedPacket(patched(unsigned, 0, version), ex.signPacket));
    yield packet(
      `suite ${version + 1}`,
      version === 0 ? "accepted" : "bad-suite",
      signedPacket(patched(unsigned, 1, (version + 1) % 256), ex.signPacket),
    );
  }
  yield packet(
    "enc of small order",
    "open-failed",
    signedPacket(patched(unsigned, 2, ...new Uint8Array(32)), ex.signPacket),
  );
}

/** Other messages where a packet answer belongs. */
function* kinds(): Generator<Case> {
  const messages = { hello: ex.hello, claim: ex.claim, "claim answer": ex.claimAnswer, certificate: ex.certificate };
  const more = { receipt: ex.receipt, statement: ex.statement, "seed entry": ex.seedEntry, report: ex.report };
  for (const [name, bytes] of Object.entries({ ...messages, ...more })) {
    yield { name: `a ${name} for an answer`, expected: "refused", answers: says(bytes) };
    yield packet(`a ${name} for a packet`, "refused", bytes);
    yield {
      name: `a ${name} for a statement`,
      expected: "refused",
      answers: says(concat(u8(1), lp(bytes), lp(ex.sealed.bytes))),
    };
  }
  yield {
    name: "33 statements",
    expected: "malformed",
    answers: says(concat(u8(33), ...Array.from({ length: 33 }, () => lp(ex.statement)), lp(ex.sealed.bytes))),
  };
  yield {
    name: "two packets",
    expected: "malformed",
    answers: says(concat(u8(0), lp(ex.sealed.bytes), lp(ex.sealed.bytes))),
  };
}

/** HTTP statuses, the second try after a 403, and what follows it. */
function* statuses(): Generator<Case> {
  const nothing = new Uint8Array(0);
  const body = concat(u8(0), lp(ex.sealed.bytes));
  for (const status of [204, 301, 400, 404, 413, 429, 500, 503])
    yield { name: `status ${status} with a good packet`, expected: `http-${status}`, answers: [{ status, body }] };
  const forbidden = { status: 403, body: nothing };
  yield { name: "403, then a packet", expected: "accepted", answers: [forbidden, ...says(body)] };
  yield { name: "403 twice", expected: "http-403", answers: [forbidden, forbidden] };
  yield { name: "403, then 503", expected: "http-503", answers: [forbidden, { status: 503, body: nothing }] };
  yield { name: "a receipt that nobody takes", expected: "accepted", answers: [{ status: 200, body }] };
  yield { name: "a receipt that is refused", expected: "accepted", answers: [{ status: 200, body }, forbidden] };
}

/** The counter: what was taken is never taken again, however right everything else is. */
function* counters(): Generator<Case> {
  const from = (counter: number, packetCounter: number, expected: string): Case => ({
    name: `counter ${packetCounter} after ${counter}`,
    expected,
    counter,
    answers: answered(packetFor({ counter, packetCounter })),
  });
  yield from(5, 6, "accepted");
  yield from(5, 2 ** 53 - 1, "accepted");
  yield from(5, 5, "bad-counter");
  yield from(5, 4, "bad-counter");
  yield from(2 ** 53 - 3, 2 ** 53 - 2, "accepted");
  yield {
    name: "a packet for the state before the last",
    expected: "bad-signature",
    counter: 1,
    answers: answered(ex.sealed.bytes),
  };
}

export function* swappedCases(): Generator<Case> {
  yield* labels();
  yield* swapped();
  yield* kinds();
  yield* statuses();
  yield* counters();
}
