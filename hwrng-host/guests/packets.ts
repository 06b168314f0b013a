/** POST /v1/packets: a signed hello in, a sealed packet out. Signature before any counter or entropy is spent. */
import {
  claimSecretFor,
  encodePacketAnswer,
  type Hello,
  parseHello,
  parsePacketRequest,
  psk0For,
  pskFor,
  sealPacket,
  sha256,
  toHex,
  verifyHello,
  wipe,
  zeroNonce,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { Enrolment, SendInput } from "../store/store.ts";
import { octets } from "./claims.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";
import { reimport } from "./reimport.ts";
import { Refused } from "./refuse.ts";

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handlePacket(context: HostContext, keys: ReceiptKeys, bytes: Uint8Array): Promise<Response> {
  const { identity, store, generator, log } = context;
  const request = parsePacketRequest(bytes);
  const hello = parseHello(request.hello);
  const enrolment = store.enrolments.get(hello.seedId);
  if (enrolment === null) reimport(context, hello, request);
  else verifyHello({ hello, hostId: identity.hostId, nonce: zeroNonce(), identityPk: enrolment.identityPk });

  const { seedId, lastCounter } = hello;
  const send: SendInput = { seedId, pkeHash: sha256(hello.pkE), lastCounter, now: context.now() };
  if (!store.enrolments.maySend(send)) throw new Refused("hello repeated, or more packets than the quota");
  generator.admit();
  const { bytes: chunk } = await generator.chunk();
  try {
    const outcome = store.enrolments.recordSend(send);
    if (!outcome.sent) throw new Refused(`hello: ${outcome.why}`);
    const identityPk = (enrolment ?? required(context, seedId)).identityPk;
    const packet = seal(context, keys, hello, identityPk, outcome.counter, chunk);
    const fields = { seedId: toHex(seedId), counter: outcome.counter, bytes: packet.length };
    if (outcome.rolledBack) log.warn(fields, "this VM acknowledged a later packet: a restored disk or a clone");
    else log.info(fields, "packet");
    const { statement } = identity;
    const statements = hello.statementSerial < statement.serial ? [statement.bytes] : [];
    return octets(encodePacketAnswer({ statements, packet }));
  } finally {
    wipe(chunk);
  }
}

function seal(
  context: HostContext,
  keys: ReceiptKeys,
  hello: Hello,
  identityPk: Uint8Array,
  counter: number,
  chunk: Uint8Array,
): Uint8Array {
  const { hostId, keys: hostKeys, signPacket } = context.identity;
  const { seedId, pkE } = hello;
  const psk0 = psk0For(hostKeys.kPsk, seedId);
  const claimSecret = claimSecretFor(hostKeys.kPsk, seedId, identityPk);
  const psk = pskFor(psk0, claimSecret);
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
      nonce: zeroNonce(),
      signPacket,
    });
    keys.put(seedId, counter, sealed.receiptKey, now);
    return sealed.bytes;
  } finally {
    wipe(psk0, claimSecret, psk);
  }
}

function required(context: HostContext, seedId: Uint8Array): Enrolment {
  const enrolment = context.store.enrolments.get(seedId);
  if (enrolment === null) throw new Refused("hello of a VM that is not enrolled");
  return enrolment;
}
