/**
 * The statement: the only thing the host's root key ever signs. It names the packet key, the pins of the TLS
 * certificates, the addresses, the interval, and at a rotation the next root. Guests pin the full root key and keep the
 * newest statement.
 *
 *     statement = version ‖ hostId 8 ‖ serial u32 ‖ suite ‖ rootAlg ‖ rootPk 32|33 ‖ packetPk 32 ‖ intervalMs u32 ‖ n ‖ n × pin 32
 *               ‖ m ‖ m × lp(address) ‖ lp(next rootAlg ‖ rootPk, or empty) ‖ sig 64 (label ‖ all before)
 */
import { concat, equalConstantTime, exactly, lp, Reader, u32be, u8, utf8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { requireSignature } from "./ed25519.ts";
import { checkEd25519, type Signer } from "./keys.ts";
import { label, SUITE, VERSION } from "./labels.ts";
import { sha256 } from "./mac.ts";
import { P256_BYTES, p256Verify } from "./p256.ts";

/** 1 = Ed25519, 2 = P-256 with SHA-256, as a TPM has it. */
export type RootAlg = 1 | 2;

const ROOT_BYTES: Record<RootAlg, number> = { 1: 32, 2: P256_BYTES };
const MAX_PINS = 4;
const MAX_ADDRESSES = 4;
const MAX_ADDRESS_BYTES = 255;

/** A root public key with its algorithm. */
export interface RootKey {
  readonly rootAlg: RootAlg;
  /** 32 bytes (Ed25519) or 33 (P-256, compressed) */
  readonly rootPk: Uint8Array;
}

/** What a statement says. */
export interface StatementFields extends RootKey {
  /** 8 bytes: a name, unchanged by rotation */
  readonly hostId: Uint8Array;
  /** u32, strictly rising */
  readonly serial: number;
  /** Ed25519, 32 bytes: signs packets and certificates */
  readonly packetPk: Uint8Array;
  /** how often a guest asks for a packet, u32 milliseconds */
  readonly intervalMs: number;
  /** at most 4, each the SHA-256 of a TLS certificate in DER */
  readonly pins: readonly Uint8Array[];
  /** at most 4 × `host:port`, literal addresses first; an IPv6 address in brackets */
  readonly addresses: readonly string[];
  /** the root that follows this one */
  readonly next?: RootKey;
}

/** A parsed statement, with the bytes it came from. */
export interface Statement extends StatementFields {
  readonly suite: number;
  /** 64 bytes */
  readonly signature: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/**
 * hostId: the first 8 bytes of SHA-256 of a host's *first* root public key. Never verified against: guests pin the key.
 */
export function hostIdOf(rootPk: Uint8Array): Uint8Array {
  return sha256(rootPk).slice(0, 8);
}

/**
 * Builds and signs a statement.
 *
 * @param sign - the root's signer over `label ‖ all before`; returns 64 bytes
 * @returns the message; 209 bytes with one pin and one address of 24 characters
 * @throws RangeError for a field of the wrong length, more than 4 pins or addresses, or an address that is not
 * `host:port`
 */
export function encodeStatement(fields: StatementFields, sign: Signer): Uint8Array {
  if (fields.pins.length > MAX_PINS)
    throw new RangeError(`pins: expected at most ${MAX_PINS}, got ${fields.pins.length}`);
  if (fields.addresses.length > MAX_ADDRESSES)
    throw new RangeError(`addresses: expected at most ${MAX_ADDRESSES}, got ${fields.addresses.length}`);
  const body = concat(
    u8(VERSION),
    exactly(fields.hostId, 8, "hostId"),
    u32be(fields.serial),
    u8(SUITE),
    rootBytes(fields),
    exactly(fields.packetPk, 32, "packetPk"),
    u32be(fields.intervalMs),
    u8(fields.pins.length),
    ...fields.pins.map((pin) => exactly(pin, 32, "pin")),
    u8(fields.addresses.length),
    ...fields.addresses.map((address) => lp(addressBytes(address))),
    lp(fields.next === undefined ? new Uint8Array(0) : rootBytes(fields.next)),
  );
  return concat(body, exactly(sign(concat(label("statement"), body)), 64, "statement signature"));
}

/**
 * Reads a statement. Shape only: trust comes from `verifyStatement` with the root key that the guest holds.
 *
 * @throws BootseedError "malformed", "bad-version", "bad-suite", "small-order-key"
 */
export function parseStatement(bytes: Uint8Array): Statement {
  const reader = new Reader(bytes, "statement");
  reader.version();
  const hostId = reader.take(8, "hostId");
  const serial = reader.u32("serial");
  const suite = reader.suite();
  const root = readRoot(reader);
  const packetPk = checkEd25519(reader.take(32, "packetPk"), "statement: packetPk");
  const intervalMs = reader.u32("intervalMs");
  const pins = Array.from({ length: count(reader, MAX_PINS, "pins") }, () => reader.take(32, "pin"));
  const addresses = Array.from({ length: count(reader, MAX_ADDRESSES, "addresses") }, () => readAddress(reader));
  const next = readNext(reader);
  const signature = reader.take(64, "signature");
  reader.end();
  const fields = { hostId, serial, suite, ...root, packetPk, intervalMs, pins, addresses, signature };
  return { ...fields, ...(next === undefined ? {} : { next }), bytes: Uint8Array.from(bytes) };
}

/**
 * Verifies a statement under the root key that the caller already trusts; the key inside the statement must be that
 * key.
 *
 * @throws BootseedError "mismatch" (another root), "bad-signature"
 */
export function verifyStatement(statement: Statement, root: RootKey): void {
  if (statement.rootAlg !== root.rootAlg || !equalConstantTime(statement.rootPk, root.rootPk))
    throw new BootseedError("mismatch", "statement: signed by another root key than the one this host is known by");
  const message = concat(label("statement"), statement.bytes.subarray(0, statement.bytes.length - 64));
  if (root.rootAlg === 1) requireSignature(root.rootPk, message, statement.signature, "statement");
  else if (!p256Verify(root.rootPk, message, statement.signature))
    throw new BootseedError(
      "bad-signature",
      "statement: the signature was not made by the P-256 root over these bytes",
    );
}

function rootBytes(root: RootKey): Uint8Array {
  return concat(u8(root.rootAlg), exactly(root.rootPk, ROOT_BYTES[root.rootAlg], "rootPk"));
}

function readRoot(reader: Reader): RootKey {
  const rootAlg = reader.u8("rootAlg");
  if (rootAlg !== 1 && rootAlg !== 2)
    return reader.refuse(`rootAlg: expected 1 (Ed25519) or 2 (P-256), got ${rootAlg}`);
  const rootPk = reader.take(ROOT_BYTES[rootAlg], "rootPk");
  return { rootAlg, rootPk: rootAlg === 1 ? checkEd25519(rootPk, "statement: rootPk") : rootPk };
}

function readNext(outer: Reader): RootKey | undefined {
  const bytes = outer.lp("next root");
  if (bytes.length === 0) return undefined;
  const reader = new Reader(bytes, "statement: next root");
  const root = readRoot(reader);
  reader.end();
  return root;
}

function count(reader: Reader, max: number, field: string): number {
  const value = reader.u8(`number of ${field}`);
  return value <= max ? value : reader.refuse(`${field}: expected at most ${max}, got ${value}`);
}

/** `host:port` in printable ASCII: a control character here would end up in somebody's log or shell. */
function isAddress(text: string): boolean {
  const match = /^[\u0021-\u007e]+:([1-9][0-9]{0,4})$/.exec(text);
  return match !== null && text.length <= MAX_ADDRESS_BYTES && Number(match[1]) <= 65_535;
}

function addressBytes(address: string): Uint8Array {
  if (!isAddress(address))
    throw new RangeError(`address: expected host:port in at most 255 printable characters, got ${address}`);
  return utf8(address);
}

function readAddress(reader: Reader): string {
  const text = reader.text(MAX_ADDRESS_BYTES, "address");
  return isAddress(text) ? text : reader.refuse("address: expected host:port in printable ASCII");
}
