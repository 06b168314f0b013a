/**
 * The hello: at every delivery the guest speaks first, with a receive key that exists only in its RAM and opens one
 * packet.
 *
 *     hello = version ‖ suite ‖ seedId 16 ‖ pkE 32 ‖ lastCounter u64 ‖ statementSerial u32
 *           ‖ identity's sig 64 (label ‖ hostId ‖ nonce 16 ‖ all before)          126 B
 */
import { concat, exactly, Reader, u32be, u64be, u8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { ed25519VerifyQuickly, requireSignature } from "./ed25519.ts";
import { checkX25519, type Signer } from "./keys.ts";
import { label, SUITE, VERSION } from "./labels.ts";

/** Length of a hello. */
export const HELLO_BYTES = 126;

/** Counters run from 1 to 2^53 - 1, which every language's numbers hold exactly. */
export const MAX_COUNTER: number = Number.MAX_SAFE_INTEGER;

/** The nonce over TLS, where the connection itself is fresh: 16 zero bytes. */
export function zeroNonce(): Uint8Array {
  return new Uint8Array(16);
}

/** What a hello says. */
export interface HelloFields {
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** X25519, 32 bytes: made after a local reseed, kept in RAM, used once */
  readonly pkE: Uint8Array;
  /** of the last packet accepted from this host; 0 before the first; below 2^53 - 1 */
  readonly lastCounter: number;
  /** of the newest statement the guest holds, u32 */
  readonly statementSerial: number;
}

/** What a hello is bound to besides its own bytes. */
export interface HelloContext {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes: the host's in `tcp`, zero over TLS */
  readonly nonce: Uint8Array;
}

/** A parsed hello, with the bytes it came from. */
export interface Hello extends HelloFields {
  readonly suite: number;
  /** 64 bytes */
  readonly signature: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/** The 62 bytes before the signature. @throws RangeError for a field of the wrong length or a counter out of range */
export function encodeHello(fields: HelloFields): Uint8Array {
  if (fields.lastCounter >= MAX_COUNTER) throw new RangeError("lastCounter: expected less than 2^53 - 1");
  return concat(
    u8(VERSION),
    u8(SUITE),
    exactly(fields.seedId, 16, "seedId"),
    exactly(fields.pkE, 32, "pkE"),
    u64be(fields.lastCounter),
    u32be(fields.statementSerial),
  );
}

/** A whole hello, 126 bytes. @param sign - the identity key's signer */
export function signHello(fields: HelloFields, context: HelloContext, sign: Signer): Uint8Array {
  const body = encodeHello(fields);
  return concat(body, exactly(sign(signedBytes(context, body)), 64, "hello signature"));
}

/**
 * Reads a hello; trust comes from `verifyHello`.
 *
 * @throws BootseedError "malformed", "bad-version", "bad-suite", "small-order-key", "bad-counter" (lastCounter at the
 * end of the range: there would be no next one)
 */
export function parseHello(bytes: Uint8Array): Hello {
  const reader = new Reader(bytes, "hello");
  reader.version();
  const hello: Hello = {
    suite: reader.suite(),
    seedId: reader.take(16, "seedId"),
    pkE: checkX25519(reader.take(32, "pkE"), "hello: pkE"),
    lastCounter: reader.u64("lastCounter"),
    statementSerial: reader.u32("statementSerial"),
    signature: reader.take(64, "signature"),
    bytes: Uint8Array.from(bytes),
  };
  reader.end();
  if (hello.lastCounter >= MAX_COUNTER)
    throw new BootseedError("bad-counter", "hello: lastCounter must be below 2^53 - 1");
  return hello;
}

/** @param identityPk - the identity enrolled for the hello's seedId, 32 bytes @throws BootseedError "bad-signature" */
export function verifyHello(input: HelloContext & { readonly hello: Hello; readonly identityPk: Uint8Array }): void {
  const body = input.hello.bytes.subarray(0, HELLO_BYTES - 64);
  // Only hosts verify hellos, thousands a second.
  requireSignature(input.identityPk, signedBytes(input, body), input.hello.signature, "hello", ed25519VerifyQuickly);
}

function signedBytes({ hostId, nonce }: HelloContext, body: Uint8Array): Uint8Array {
  return concat(label("hello"), exactly(hostId, 8, "hostId"), exactly(nonce, 16, "nonce"), body);
}
