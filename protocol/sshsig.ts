/**
 * SSHSIG: what `ssh-keygen -Y sign` writes, here as the bytes inside its armour.
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
 *
 *     blob   = "SSHSIG" ‖ u32 1 ‖ string publickey ‖ string namespace ‖ string reserved ‖ string hash_algorithm ‖ string signature
 *     signed = "SSHSIG" ‖ string namespace ‖ string reserved ‖ string hash_algorithm ‖ string H(message)
 */
import { hash } from "node:crypto";
import { concat, equalConstantTime, fromBase64, Reader, utf8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { readSshName, readSshString, sshString, verifySshSignature } from "./ssh-key.ts";

const MAGIC = utf8("SSHSIG");
const ARMOUR = /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\r?\n?$/;

/** A parsed SSHSIG blob. */
export interface Sshsig {
  /** of the signer, in SSH wire format */
  readonly publicKey: Uint8Array;
  readonly namespace: string;
  readonly hashAlgorithm: "sha256" | "sha512";
  /** `string format ‖ string signature` */
  readonly signature: Uint8Array;
}

/** The bytes inside the armour of a `.sig` file. @throws BootseedError "malformed" */
export function dearmorSshsig(text: string): Uint8Array {
  const match = ARMOUR.exec(text);
  if (match?.[1] === undefined)
    throw new BootseedError("malformed", "SSHSIG: expected the armour of `ssh-keygen -Y sign`");
  return fromBase64(match[1].replaceAll(/[\r\n]/g, ""));
}

/**
 * Reads a blob; trust comes from `verifySshsig`.
 * @throws BootseedError "malformed", "unsupported" (version, hash, reserved field)
 */
export function parseSshsig(blob: Uint8Array): Sshsig {
  const reader = new Reader(blob, "SSHSIG");
  if (!equalConstantTime(reader.take(MAGIC.length, "magic"), MAGIC)) reader.refuse("it does not begin with SSHSIG");
  const version = reader.u32("version");
  if (version !== 1) throw new BootseedError("unsupported", `SSHSIG: expected version 1, got ${version}`);
  const publicKey = readSshString(reader, "public key");
  const namespace = readSshName(reader, "namespace");
  // "implementations should ignore the reserved field if it is not empty": ours are always empty, and nobody else signs
  // for us.
  if (readSshString(reader, "reserved").length !== 0)
    throw new BootseedError("unsupported", "SSHSIG: the reserved field is in use");
  const hashAlgorithm = readSshName(reader, "hash algorithm");
  if (hashAlgorithm !== "sha256" && hashAlgorithm !== "sha512")
    throw new BootseedError("unsupported", "SSHSIG: hash algorithm: expected sha256 or sha512");
  const signature = readSshString(reader, "signature");
  reader.end();
  return { publicKey, namespace, hashAlgorithm, signature };
}

/**
 * Verifies a blob over a message, by the key that the caller expects, for the purpose that the caller expects.
 *
 * @param publicKey - in SSH wire format
 * @throws BootseedError as `parseSshsig`; "mismatch" (another key or namespace), "bad-signature"
 */
export function verifySshsig(blob: Uint8Array, message: Uint8Array, namespace: string, publicKey: Uint8Array): void {
  const sshsig = parseSshsig(blob);
  if (sshsig.namespace !== namespace)
    throw new BootseedError("mismatch", `SSHSIG: expected namespace ${namespace}, got ${sshsig.namespace}`);
  if (!equalConstantTime(sshsig.publicKey, publicKey))
    throw new BootseedError("mismatch", "SSHSIG: signed by another key");
  const signed = concat(
    MAGIC,
    sshString(utf8(namespace)),
    sshString(new Uint8Array(0)),
    sshString(utf8(sshsig.hashAlgorithm)),
    sshString(hash(sshsig.hashAlgorithm, message, "buffer")),
  );
  verifySshSignature(publicKey, signed, sshsig.signature);
}
