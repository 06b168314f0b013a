/**
 * SSH public keys (RFC 4253 section 6.6, RFC 5656, RFC 8709): the wire format, and verification of a signature, by
 * OpenSSL but for Ed25519. Kinds: ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa with rsa-sha2-256 or rsa-sha2-512. No DSA, no
 * SHA-1, no security keys: a host key must be usable unattended.
 */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { concat, fromBase64, Reader, u32be, utf8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { ed25519Verify } from "./ed25519.ts";
import { checkEd25519 } from "./keys.ts";

const CURVES = {
  "ecdsa-sha2-nistp256": { name: "nistp256", crv: "P-256", bytes: 32, hash: "sha256" },
  "ecdsa-sha2-nistp384": { name: "nistp384", crv: "P-384", bytes: 48, hash: "sha384" },
  "ecdsa-sha2-nistp521": { name: "nistp521", crv: "P-521", bytes: 66, hash: "sha512" },
} as const;

const RSA_HASHES: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };

/** RFC 8301 asks for 2,048 bits at least; above 16,384 a signature is a denial of service. */
const MIN_RSA_BYTES = 256;
const MAX_RSA_BYTES = 2048;
/** A public exponent of more than 64 bits is legal, unknown in practice, and slow. */
const MAX_EXPONENT_BYTES = 8;

/** Longest wire format accepted, bytes. */
const MAX_KEY_BYTES = 4096;

/** RFC 4251 section 5 `string`: u32 length ‖ bytes. */
export function sshString(bytes: Uint8Array): Uint8Array {
  return concat(u32be(bytes.length), bytes);
}

/** Reads a `string`. */
export function readSshString(reader: Reader, field: string): Uint8Array {
  return reader.take(reader.u32(`length of ${field}`), field);
}

/** Reads a `string` that is a name: printable ASCII. */
export function readSshName(reader: Reader, field: string): string {
  const bytes = readSshString(reader, field);
  if (!bytes.every((byte) => byte > 0x20 && byte < 0x7f)) reader.refuse(`${field}: expected printable ASCII`);
  return Buffer.from(bytes).toString("latin1");
}

/** The wire format of an Ed25519 public key, 51 bytes. */
export function ed25519SshKey(publicKey: Uint8Array): Uint8Array {
  return concat(sshString(utf8("ssh-ed25519")), sshString(publicKey));
}

/**
 * The wire format inside an OpenSSH public-key line, `<type> <base64> [comment]`.
 *
 * @throws BootseedError "malformed" if the line is none, or names another type than its key has
 */
export function parseOpenSshLine(line: string): Uint8Array {
  const [type = "", base64 = ""] = line.split(" ");
  const bytes = fromBase64(base64);
  const reader = new Reader(bytes, "OpenSSH public key");
  if (bytes.length > MAX_KEY_BYTES) reader.refuse(`expected at most ${MAX_KEY_BYTES} bytes, got ${bytes.length}`);
  const inner = readSshName(reader, "key type");
  if (inner !== type) reader.refuse("the type in front is not the type of the key");
  return bytes;
}

/**
 * Verifies an SSH signature blob (`string format ‖ string signature`) under a public key in wire format.
 *
 * @throws BootseedError "malformed", "unsupported" (kind of key or of signature), "small-order-key", "bad-signature"
 */
export function verifySshSignature(publicKey: Uint8Array, message: Uint8Array, signatureBlob: Uint8Array): void {
  const key = new Reader(publicKey, "SSH public key");
  const type = readSshName(key, "key type");
  const signature = new Reader(signatureBlob, "SSH signature");
  const format = readSshName(signature, "signature format");
  const raw = readSshString(signature, "signature");
  signature.end();
  if (!isRight(type, key, format, raw, message))
    throw new BootseedError("bad-signature", `SSH signature: not made by this ${type} key over these bytes`);
}

function isRight(type: string, key: Reader, format: string, raw: Uint8Array, message: Uint8Array): boolean {
  if (type === "ssh-rsa") {
    const hash = RSA_HASHES[format];
    const rsa = readRsa(key);
    if (hash === undefined) throw unsupported(`a signature of kind ${format} by an ssh-rsa key`);
    return verify(hash, message, rsa, raw);
  }
  if (type !== "ssh-ed25519" && !(type in CURVES)) throw unsupported(`a key of kind ${type}`);
  if (format !== type) throw unsupported(`a signature of kind ${format} by an ${type} key`);
  if (type === "ssh-ed25519") return ed25519Verify(readEd25519(key), message, raw);
  const curve = CURVES[type as keyof typeof CURVES];
  const ec = readEc(key, curve);
  return verify(curve.hash, message, { key: ec, dsaEncoding: "ieee-p1363" }, readRs(raw, curve.bytes));
}

function unsupported(what: string): BootseedError {
  return new BootseedError(
    "unsupported",
    `SSH: ${what}: expected ed25519, ecdsa (nistp256, 384, 521) or rsa with SHA-2`,
  );
}

function readEd25519(key: Reader): Uint8Array {
  const publicKey = readSshString(key, "Ed25519 key");
  key.end();
  if (publicKey.length !== 32) key.refuse(`Ed25519 key: expected 32 bytes, got ${publicKey.length}`);
  return checkEd25519(publicKey, "SSH public key");
}

function readEc(key: Reader, curve: (typeof CURVES)[keyof typeof CURVES]): KeyObject {
  const name = readSshName(key, "curve");
  const point = readSshString(key, "point");
  key.end();
  if (name !== curve.name) key.refuse(`curve: expected ${curve.name}, got ${name}`);
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 0x04) key.refuse("point: expected an uncompressed point");
  const x = Buffer.from(point.subarray(1, 1 + curve.bytes)).toString("base64url");
  const y = Buffer.from(point.subarray(1 + curve.bytes)).toString("base64url");
  return fromJwk({ kty: "EC", crv: curve.crv, x, y }, key);
}

function readRsa(key: Reader): KeyObject {
  const e = readMpint(key, "exponent");
  const n = readMpint(key, "modulus");
  key.end();
  if (e.length > MAX_EXPONENT_BYTES)
    key.refuse(`exponent: expected at most ${MAX_EXPONENT_BYTES} bytes, got ${e.length}`);
  if (n.length < MIN_RSA_BYTES || n.length > MAX_RSA_BYTES)
    key.refuse(`modulus: expected ${8 * MIN_RSA_BYTES} to ${8 * MAX_RSA_BYTES} bits, got ${8 * n.length}`);
  return fromJwk({ kty: "RSA", n: Buffer.from(n).toString("base64url"), e: Buffer.from(e).toString("base64url") }, key);
}

function fromJwk(jwk: Record<string, string>, key: Reader): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw new BootseedError("malformed", `SSH public key: OpenSSL refuses it (${key.offset} bytes)`, { cause });
  }
}

/**
 * A positive mpint (RFC 4251 section 5), without its sign byte: "Unnecessary leading bytes with the value 0 or 255 MUST
 * NOT be included."
 */
function readMpint(reader: Reader, field: string): Uint8Array {
  const bytes = readSshString(reader, field);
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 0 || first >= 0x80 || (first === 0 && second < 0x80))
    reader.refuse(`${field}: not a canonical positive mpint`);
  return first === 0 ? bytes.slice(1) : bytes;
}

/** `mpint r ‖ mpint s` (RFC 5656 section 3.1.2) as fixed-length r ‖ s. */
function readRs(raw: Uint8Array, length: number): Uint8Array {
  const reader = new Reader(raw, "ECDSA signature");
  const fixed = (field: string): Uint8Array => {
    const value = readMpint(reader, field);
    if (value.length > length) reader.refuse(`${field}: expected at most ${length} bytes, got ${value.length}`);
    return concat(new Uint8Array(length - value.length), value);
  };
  const rs = concat(fixed("r"), fixed("s"));
  reader.end();
  return rs;
}
