/** A host that lost its database takes a VM back on the strength of its certificate. */
import {
  equalConstantTime,
  type Hello,
  type PacketRequest,
  parseCertificate,
  parseStatement,
  toHex,
  verifyCertificate,
  verifyHello,
  verifyStatement,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { Refused } from "./refuse.ts";

/**
 * Checks root → statement → certificate → hello, then records the enrolment.
 *
 * @param nonce 16 bytes that the hello is signed over
 * @throws Refused, BootseedError when any link is missing or wrong
 */
export function reimport(context: HostContext, hello: Hello, request: PacketRequest, nonce: Uint8Array): void {
  const { identity, store, log } = context;
  if (request.certificate === undefined) throw new Refused("hello of a VM that is not enrolled, without certificate");
  const certificate = parseCertificate(request.certificate);
  const { hostId, seedId, identityPk, instanceIdHash, statementSerial } = certificate;
  if (!equalConstantTime(hostId, identity.hostId)) throw new Refused("certificate of another host");
  if (!equalConstantTime(seedId, hello.seedId)) throw new Refused("certificate of another seed");
  const signer = request.statements.map(parseStatement).find(({ serial }) => serial === statementSerial);
  if (signer === undefined) throw new Refused("certificate without the statement that names its key");
  verifyStatement(signer, identity.statement);
  verifyCertificate(certificate, signer.packetPk);
  verifyHello({ hello, hostId: identity.hostId, nonce, identityPk });
  const enrolment = { seedId, identityPk, instanceHash: instanceIdHash };
  store.enrolments.reimport(enrolment, request.certificate, context.now());
  log.warn({ seedId: toHex(seedId) }, "VM taken back by its certificate");
}
