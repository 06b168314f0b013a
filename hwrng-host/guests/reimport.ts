/** A host that lost its database takes a VM back on the strength of its certificate. */
import {
  equalConstantTime,
  type Hello,
  type PacketRequest,
  parseCertificate,
  parseStatement,
  type Statement,
  toHex,
  verifyCertificate,
  verifyHello,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { HostIdentity } from "../identity/host-identity.ts";
import { wasSignedHere } from "../identity/history.ts";
import { Refused } from "./refuse.ts";

/**
 * Checks root → statement → certificate → hello, then records the enrolment. The statement is our own where we have it;
 * a host that lost its history as well takes the guest's, if a root of ours signed it.
 *
 * @param nonce 16 bytes that the hello is signed over
 * @throws Refused, BootseedError when any link is missing or wrong
 */
export function reimport(context: HostContext, hello: Hello, request: PacketRequest, nonce: Uint8Array): void {
  const { identity, store, log } = context;
  if (request.certificate === undefined)
    throw new Refused("hello of a VM that is not enrolled, without certificate", "not-enrolled");
  const certificate = parseCertificate(request.certificate);
  const { hostId, seedId, identityPk, instanceIdHash, statementSerial } = certificate;
  if (!equalConstantTime(hostId, identity.hostId)) throw new Refused("certificate of another host", "mismatch");
  if (!equalConstantTime(seedId, hello.seedId)) throw new Refused("certificate of another seed", "mismatch");
  if (identity.revoked.has(statementSerial))
    throw new Refused(`certificate under statement ${statementSerial}, which was revoked`, "statement-revoked");
  const known = [...identity.history, ...presented(identity, request)];
  const signer = known.find(({ serial }) => serial === statementSerial);
  if (signer === undefined)
    throw new Refused("certificate without the statement that names its key", "statement-unknown");
  verifyCertificate(certificate, signer.packetPk);
  verifyHello({ hello, hostId: identity.hostId, nonce, identityPk });
  const enrolment = { seedId, identityPk, instanceHash: instanceIdHash };
  if (!store.enrolments.reimport(enrolment, request.certificate, context.now()))
    throw new Refused("hello of a VM whose seed was revoked or forgotten", "revoked");
  log.warn({ seedId: toHex(seedId) }, "VM taken back by its certificate");
}

/**
 * The statements that the guest shows.
 * @throws Refused, BootseedError unless a root of ours signed every one
 */
export function presented(identity: HostIdentity, request: PacketRequest): Statement[] {
  const shown = request.statements.map(parseStatement);
  if (shown.every((statement) => wasSignedHere(identity.history, statement))) return shown;
  throw new Refused("a statement that no root of this host signed", "bad-signature");
}
