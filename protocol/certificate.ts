/**
 * The enrolment certificate: the packet key says that this identity won this seed. A host that lost its database reads
 * it back.
 *
 *     certificate = version ‖ hostId 8 ‖ seedId 16 ‖ identityPk 32 ‖ SHA-256(instance-id) 32 ‖ issuedAt u64 ‖ statementSerial u32
 *                 ‖ packetPk's sig 64 (label enrolment ‖ all before)          165 B
 */
import { concat, exactly, Reader, u32be, u64be, u8, utf8 } from "./bytes.ts";
import { requireSignature } from "./ed25519.ts";
import { checkEd25519, type Signer } from "./keys.ts";
import { label, VERSION } from "./labels.ts";
import { sha256 } from "./mac.ts";

/** Length of a certificate. */
export const CERTIFICATE_BYTES = 165;

/** What a certificate says. */
export interface CertificateFields {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** Ed25519, 32 bytes */
  readonly identityPk: Uint8Array;
  /** SHA-256 of the instance-id's UTF-8, 32 bytes */
  readonly instanceIdHash: Uint8Array;
  /** seconds since 1970 */
  readonly issuedAt: number;
  /** serial of the statement that names the signing packet key */
  readonly statementSerial: number;
}

/** A parsed certificate, with the bytes it came from. */
export interface Certificate extends CertificateFields {
  /** 64 bytes */
  readonly signature: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/** SHA-256 of an instance-id, as certificates carry it. */
export function instanceIdHash(instanceId: string): Uint8Array {
  return sha256(utf8(instanceId));
}

/** @param sign - the packet key's signer @returns 165 bytes @throws RangeError for a field of the wrong length */
export function encodeCertificate(fields: CertificateFields, sign: Signer): Uint8Array {
  const body = concat(
    u8(VERSION),
    exactly(fields.hostId, 8, "hostId"),
    exactly(fields.seedId, 16, "seedId"),
    exactly(fields.identityPk, 32, "identityPk"),
    exactly(fields.instanceIdHash, 32, "instanceIdHash"),
    u64be(fields.issuedAt),
    u32be(fields.statementSerial),
  );
  return concat(body, exactly(sign(concat(label("enrolment"), body)), 64, "certificate signature"));
}

/**
 * Reads a certificate; trust comes from `verifyCertificate`.
 * @throws BootseedError "malformed", "bad-version", "small-order-key"
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const reader = new Reader(bytes, "certificate");
  reader.version();
  const certificate: Certificate = {
    hostId: reader.take(8, "hostId"),
    seedId: reader.take(16, "seedId"),
    identityPk: checkEd25519(reader.take(32, "identityPk"), "certificate: identityPk"),
    instanceIdHash: reader.take(32, "instanceIdHash"),
    issuedAt: reader.u64("issuedAt"),
    statementSerial: reader.u32("statementSerial"),
    signature: reader.take(64, "signature"),
    bytes: Uint8Array.from(bytes),
  };
  reader.end();
  return certificate;
}

/** @param packetPk - from the statement with the certificate's serial @throws BootseedError "bad-signature" */
export function verifyCertificate(certificate: Certificate, packetPk: Uint8Array): void {
  const signed = certificate.bytes.subarray(0, CERTIFICATE_BYTES - 64);
  requireSignature(packetPk, concat(label("enrolment"), signed), certificate.signature, "certificate");
}
