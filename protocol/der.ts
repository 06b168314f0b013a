/**
 * The plaintext of a packet, DER (X.690) exactly as entropy sharing defined it in 2014:
 *
 *     SEQUENCE { timestamp INTEGER, counter INTEGER, chunk OCTET STRING (1024 bytes) }        1,041 B today, 1,048 at most
 *
 * Written by hand for this one shape: general ASN.1 libraries accept trailing bytes, padded integers and long lengths,
 * and whoever accepts two encodings of one value has two messages with one meaning. Decoding is lenient, then the value
 * is encoded again and compared.
 */
import { concat, equalConstantTime, Reader, u16be, u8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";

/** Bytes of random in a packet. */
export const CHUNK_BYTES = 1024;

/** Times are below 2^39 s (the year 19391): five bytes, so that no packet exceeds 1,162 bytes. */
const MAX_TIMESTAMP = 2 ** 39 - 1;
const TAG_INTEGER = 0x02;
const TAG_OCTET_STRING = 0x04;
const TAG_SEQUENCE = 0x30;

/** The plaintext of a packet. `chunk` is a secret. */
export interface PacketPlaintext {
  /** seconds since 1970, 0 to 2^39 - 1 */
  readonly timestamp: number;
  /** 1 to 2^53 - 1 */
  readonly counter: number;
  /** 1,024 bytes */
  readonly chunk: Uint8Array;
}

/** @throws RangeError for a value out of its bounds */
export function encodePlaintext({ timestamp, counter, chunk }: PacketPlaintext): Uint8Array {
  if (chunk.length !== CHUNK_BYTES) throw new RangeError(`chunk: expected ${CHUNK_BYTES} bytes, got ${chunk.length}`);
  if (!Number.isSafeInteger(counter) || counter < 1)
    throw new RangeError(`counter: expected 1 to 2^53 - 1, got ${counter}`);
  if (!Number.isSafeInteger(timestamp) || timestamp < 0 || timestamp > MAX_TIMESTAMP)
    throw new RangeError(`timestamp: expected 0 to 2^39 - 1 seconds, got ${timestamp}`);
  return encode(BigInt(timestamp), BigInt(counter), chunk);
}

/**
 * Reads a plaintext, in this order: canonical DER, timestamp in range, chunk length, counter in range.
 *
 * @throws BootseedError "non-canonical", "malformed" (timestamp), "bad-chunk", "bad-counter"
 */
export function parsePlaintext(bytes: Uint8Array): PacketPlaintext {
  const { timestamp, counter, chunk } = decode(bytes);
  if (!equalConstantTime(encode(timestamp, counter, chunk), bytes))
    throw new BootseedError("non-canonical", "packet plaintext: not the canonical DER of its own value");
  if (timestamp > BigInt(MAX_TIMESTAMP))
    throw new BootseedError("malformed", "packet plaintext: timestamp: expected 0 to 2^39 - 1 seconds");
  if (chunk.length !== CHUNK_BYTES)
    throw new BootseedError("bad-chunk", `packet plaintext: chunk: expected ${CHUNK_BYTES} bytes, got ${chunk.length}`);
  if (counter === 0n || counter > BigInt(Number.MAX_SAFE_INTEGER))
    throw new BootseedError("bad-counter", "packet plaintext: counter: expected 1 to 2^53 - 1");
  return { timestamp: Number(timestamp), counter: Number(counter), chunk };
}

interface RawPlaintext {
  readonly timestamp: bigint;
  readonly counter: bigint;
  readonly chunk: Uint8Array;
}

function decode(bytes: Uint8Array): RawPlaintext {
  try {
    const outer = new Reader(bytes, "packet plaintext");
    const inner = new Reader(readTlv(outer, TAG_SEQUENCE), "packet plaintext");
    const value = {
      timestamp: toInteger(readTlv(inner, TAG_INTEGER), inner),
      counter: toInteger(readTlv(inner, TAG_INTEGER), inner),
      chunk: readTlv(inner, TAG_OCTET_STRING),
    };
    inner.end();
    outer.end();
    // OCTET STRING (1024): a length that needs fewer than its two bytes is another shape, not a short chunk.
    if (value.chunk.length < 0x100) inner.refuse("a chunk of less than 256 bytes");
    return value;
  } catch (cause) {
    throw new BootseedError("non-canonical", "packet plaintext: not DER of the expected shape", { cause });
  }
}

function readTlv(reader: Reader, tag: number): Uint8Array {
  const got = reader.u8("tag");
  if (got !== tag) reader.refuse(`expected tag ${tag}, got ${got}`);
  const first = reader.u8("length");
  if (first < 0x80) return reader.take(first, "value");
  if (first === 0x81) return reader.take(reader.u8("length"), "value");
  if (first === 0x82) return reader.take(reader.u16("length"), "value");
  return reader.refuse("a length of more than two bytes");
}

/** Both are an int64 of 2014, and neither is ever negative: what is, does not survive the comparison. */
function toInteger(content: Uint8Array, reader: Reader): bigint {
  if (content.length < 1 || content.length > 8) reader.refuse(`an integer of ${content.length} bytes: expected 1 to 8`);
  INTEGER_VIEW.setBigUint64(2, 0n);
  INTEGER.set(content, 10 - content.length);
  return INTEGER_VIEW.getBigUint64(2);
}

function encode(timestamp: bigint, counter: bigint, chunk: Uint8Array): Uint8Array {
  const [time, count] = [integer(timestamp), integer(counter)];
  const octetsHead = head(TAG_OCTET_STRING, chunk.length);
  const content = time.length + count.length + octetsHead.length + chunk.length;
  return concat(head(TAG_SEQUENCE, content), time, count, octetsHead, chunk);
}

/** Tag and length, the length in the fewest bytes (X.690 section 10.1). @param length - below 65,536 */
function head(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length);
  return concat(u8(tag), u8(0x82), u16be(length));
}

const INTEGER = new Uint8Array(10);
const INTEGER_VIEW = new DataView(INTEGER.buffer);

/** X.690 section 8.3.2: the fewest bytes that hold the value and a clear sign bit. @param value - below 2^64 */
function integer(value: bigint): Uint8Array {
  INTEGER_VIEW.setBigUint64(2, value);
  let start = 2;
  while (start < 9 && INTEGER[start] === 0) start++;
  INTEGER[1] = 0; // for a value whose highest bit would be read as a sign
  if ((INTEGER[start] ?? 0) >= 0x80) start--;
  const tlv = new Uint8Array(2 + 10 - start);
  tlv[0] = TAG_INTEGER;
  tlv[1] = 10 - start;
  for (let at = start; at < 10; at++) tlv[2 + at - start] = INTEGER[at] ?? 0;
  return tlv;
}
