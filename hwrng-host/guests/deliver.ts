/** One delivery, whatever carries it: a signed hello in, a sealed packet out (docs/protocol.md, Delivery). */
import {
  chainSince,
  claimSecretFor,
  encodePacketAnswer,
  type Hello,
  parseHello,
  type PacketRequest,
  psk0For,
  pskFor,
  sealPacket,
  sha256,
  toHex,
  verifyHello,
  wipe,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { Enrolment, SendInput } from "../store/store.ts";
import { saidBack } from "./back.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";
import { presented, reimport } from "./reimport.ts";
import { Limited, Refused } from "./refuse.ts";

const ROLLED_BACK = "this VM's counter went back: shown in `bootseed vm ls` until `bootseed vm acknowledge`";

/**
 * Signature before any counter or entropy is spent; the counter is durable before this returns.
 *
 * @param nonce 16 bytes that the hello is signed over: the host's greeting in `tcp`, zero over TLS
 * @returns the packet answer: n ‖ n × lp(statement) ‖ lp(packet)
 * @throws Refused, BootseedError: one identical answer for all that proves nothing
 */
export async function deliver(
  context: HostContext,
  keys: ReceiptKeys,
  request: PacketRequest,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  const { identity, store, generator, log } = context;
  const hello = parseHello(request.hello);
  const enrolment = store.enrolments.get(hello.seedId);
  if (enrolment === null) reimport(context, hello, request, nonce);
  else verifyHello({ hello, hostId: identity.hostId, nonce, identityPk: enrolment.identityPk });
  if (enrolment !== null && enrolment.revokedAt !== null) throw new Refused("hello of a revoked VM", "revoked");
  if (hello.statementSerial > identity.statement.serial) goOnAfter(context, request, hello.statementSerial);

  const { seedId, lastCounter } = hello;
  const send: SendInput = { seedId, pkeHash: sha256(hello.pkE), lastCounter, now: context.now() };
  const line = store.enrolments.lineOf(send);
  // Before any limit: an old hello that is sent again is no evidence about the VM, and uses none of its quota.
  if (line === "repeated") throw new Limited("a hello that was answered before", seedId);
  if (line === "behind" && store.alarms.rolledBack(seedId, send.now))
    log.warn({ seedId: toHex(seedId), lastCounter }, ROLLED_BACK);
  const copy = line === "line" ? "" : " of a copy or a restored disk";
  if (!store.enrolments.maySend(send)) throw new Limited(`more packets than the quota${copy}`, seedId);
  generator.admit();
  const over = keys.underWay.enter(seedId, line !== "line");
  if (over === null) throw new Limited("more hellos at once than the quota", seedId);
  let chunk: Uint8Array = new Uint8Array(0);
  const leave = store.enter();
  try {
    chunk = (await generator.chunk()).bytes;
    const { outcome, isBack } = await store.together(() => {
      const holds = line === "line" ? { statementSerial: hello.statementSerial } : {};
      const sent = store.enrolments.recordSend({ ...send, ...holds });
      // A copy of a machine that is gone may ask for ever.
      const mayBeBack = sent.sent && line === "line" && enrolment !== null && enrolment.goneAt !== null;
      return { outcome: sent, isBack: mayBeBack && store.seeds.heard(seedId, send.now) };
    });
    if (isBack) saidBack(log, seedId);
    if (!outcome.sent) throw new Limited(`hello: ${outcome.why}`, seedId);
    const identityPk = (enrolment ?? required(context, seedId)).identityPk;
    const packet = seal(context, keys, { hello, nonce, identityPk, counter: outcome.counter, chunk });
    const fields = { seedId: toHex(seedId), counter: outcome.counter, line, bytes: packet.length };
    if (outcome.rolledBack) log.warn(fields, "this VM acknowledged a later packet: a restored disk or a clone");
    else log.info(fields, "packet");
    // What the packet was just sealed under: a reload may have come between.
    const statements = chainSince(context.identity.history, hello.statementSerial).map((statement) => statement.bytes);
    return encodePacketAnswer({ statements, packet });
  } finally {
    over();
    leave();
    wipe(chunk);
  }
}

/**
 * The guest knows a later statement than we do: this folder came from a backup. On its second try it shows what it
 * holds; a root of ours signed that, so we sign the one after it.
 * @throws Refused "statement-ahead" while there is nothing to go on from, or the root is offline
 */
function goOnAfter({ identity, log, now }: HostContext, request: PacketRequest, serial: number): void {
  const ahead = presented(identity, request).toSorted((a, b) => b.serial - a.serial)[0];
  if (ahead !== undefined && identity.adopt(ahead, now())) {
    const signed = { presented: ahead.serial, signed: identity.statement.serial };
    log.warn(signed, "this state folder is older than the VMs' statements: signed the one after theirs");
    return;
  }
  const fix = "if this is not its first try: bootseed-host statement --serial-above N --root-key FILE";
  throw new Refused(`hello with statement ${serial}, ours is ${identity.statement.serial}; ${fix}`, "statement-ahead");
}

type Sealing = {
  readonly hello: Hello;
  readonly nonce: Uint8Array;
  readonly identityPk: Uint8Array;
  readonly counter: number;
  readonly chunk: Uint8Array;
};

function seal(context: HostContext, keys: ReceiptKeys, sealing: Sealing): Uint8Array {
  const { hello, nonce, identityPk, counter, chunk } = sealing;
  const { hostId, keys: hostKeys, signPacket } = context.identity;
  const { seedId, pkE } = hello;
  const psk0 = psk0For(hostKeys.kPsk, seedId);
  const claimSecret = claimSecretFor(hostKeys.kPsk, seedId, identityPk);
  const psk = pskFor(psk0, claimSecret);
  // Not OpenSSL's own: a copy of this machine's memory would make the same, and answer the same hello under one key.
  const ephemeral = context.random(32);
  try {
    const now = context.now();
    const helloBytes = hello.bytes;
    const sealed = sealPacket({
      hostId,
      seedId,
      pkE,
      psk,
      timestamp: now,
      counter,
      chunk,
      helloBytes,
      nonce,
      signPacket,
      ephemeral,
    });
    keys.put(seedId, counter, sealed.receiptKey, now);
    return sealed.bytes;
  } finally {
    wipe(psk0, claimSecret, psk, ephemeral);
  }
}

function required(context: HostContext, seedId: Uint8Array): Enrolment {
  const enrolment = context.store.enrolments.get(seedId);
  if (enrolment === null) throw new Refused("hello of a VM that is not enrolled", "not-enrolled");
  return enrolment;
}
