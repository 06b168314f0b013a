/**
 * Byte strings: building, reading, comparing, wiping. Integers are big-endian; `lp(x)` is a u16 length followed by x.
 * Encoders throw RangeError for a value the format cannot hold (a bug of the caller); the reader throws `BootseedError`
 * "malformed" (bytes of somebody else).
 */
import { timingSafeEqual } from "node:crypto";
import { BootseedError } from "./errors.ts";

/** Joins byte strings into a new one. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  putAt(whole, 0, parts);
  return whole;
}

/** Writes byte strings one after the other. They must fit. @returns where they end */
export function putAt(target: Uint8Array, at: number, parts: readonly Uint8Array[]): number {
  let offset = at;
  for (const part of parts) {
    // For a few bytes, a loop is quicker than the call.
    if (part.length > 64) target.set(part, offset);
    else for (let index = 0; index < part.length; index++) target[offset + index] = part[index] ?? 0;
    offset += part.length;
  }
  return offset;
}

/** Asserts that a field has exactly the length the format gives it. @throws RangeError naming the field. */
export function exactly(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${field}: expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}

/** Asserts that an integer fits. @throws RangeError naming the field. */
function inRange(value: number, max: number, field: string): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max)
    throw new RangeError(`${field}: expected an integer from 0 to ${max}, got ${value}`);
  return value;
}

/** One byte, 0 to 255. */
export function u8(value: number): Uint8Array {
  return Uint8Array.of(inRange(value, 0xff, "u8"));
}

/** Two bytes, big-endian. */
export function u16be(value: number): Uint8Array {
  inRange(value, 0xffff, "u16");
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** Four bytes, big-endian. */
export function u32be(value: number): Uint8Array {
  inRange(value, 0xffff_ffff, "u32");
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/**
 * Eight bytes, big-endian. Values up to 2^53 - 1: every u64 of the protocol is a counter or a time, and none may be
 * larger.
 */
export function u64be(value: number): Uint8Array {
  inRange(value, Number.MAX_SAFE_INTEGER, "u64");
  return concat(u32be(Math.floor(value / 0x1_0000_0000)), u32be(value % 0x1_0000_0000));
}

/** u16 length ‖ bytes. @throws RangeError beyond 65,535 bytes. */
export function lp(bytes: Uint8Array): Uint8Array {
  return concat(u16be(bytes.length), bytes);
}

const ENCODER = new TextEncoder();

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Same length and same bytes, compared in constant time. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Overwrites secrets with zeros. A garbage collector may hold copies; this closes the door we have the key to. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Lower-case hexadecimal. For names and public values, never for secrets. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/**
 * Bytes of lower-case hexadecimal.
 * @throws BootseedError "malformed" for anything else, or another length than `length` bytes.
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new BootseedError("malformed", "hex: expected pairs of digits 0-9 a-f");
  if (length !== undefined && text.length !== 2 * length)
    throw new BootseedError("malformed", `hex: expected ${2 * length} digits, got ${text.length}`);
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * Bytes of canonical standard base64.
 * @throws BootseedError "malformed" for other alphabets, white space, missing padding, stray bits.
 */
export function fromBase64(text: string, length?: number): Uint8Array {
  const buffer = Buffer.from(text, "base64");
  // Buffer.from skips what it does not know; only a text that comes out the same again was base64 to begin with.
  if (buffer.toString("base64") !== text)
    throw new BootseedError("malformed", "base64: expected canonical standard base64");
  if (length !== undefined && buffer.length !== length)
    throw new BootseedError("malformed", `base64: expected ${length} bytes, got ${buffer.length}`);
  return Uint8Array.from(buffer);
}

/**
 * Reads a message from front to back. Fields are copies, so that a caller can wipe the message. `end()` refuses what is
 * left over.
 *
 * @example
 * const reader = new Reader(bytes, "receipt");
 * const counter = reader.u64("counter");
 * reader.end();
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #message: string;
  #offset = 0;

  /** @param message - what is being read, for error texts */
  constructor(bytes: Uint8Array, message: string) {
    this.#bytes = bytes;
    this.#message = message;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` bytes, copied. @throws BootseedError "malformed" if fewer are left. */
  take(length: number, field: string): Uint8Array {
    if (this.left < length)
      this.refuse(`${field} needs ${length} bytes, ${this.left} are left: the message is cut short`);
    this.#offset += length;
    return this.#bytes.slice(this.#offset - length, this.#offset);
  }

  u8(field: string): number {
    return this.#number(1, field);
  }

  u16(field: string): number {
    return this.#number(2, field);
  }

  u32(field: string): number {
    return this.#number(4, field);
  }

  /** @throws BootseedError "malformed" beyond 2^53 - 1, which no counter or time of the protocol may reach. */
  u64(field: string): number {
    const value = this.#number(8, field);
    if (!Number.isSafeInteger(value)) this.refuse(`${field} is beyond 2^53 - 1`);
    return value;
  }

  /** A byte string with its u16 length in front. */
  lp(field: string): Uint8Array {
    return this.take(this.u16(`length of ${field}`), field);
  }

  /** A byte string with its u16 length in front that must be UTF-8 of 1 to `maxBytes` bytes. */
  text(maxBytes: number, field: string, minBytes: number = 1): string {
    const bytes = this.lp(field);
    if (bytes.length < minBytes || bytes.length > maxBytes)
      this.refuse(`${field}: expected ${minBytes} to ${maxBytes} bytes, got ${bytes.length}`);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new BootseedError("malformed", `${this.#message}: ${field} is not UTF-8`, { cause });
    }
  }

  /** The version byte: 1. @throws BootseedError "bad-version". */
  version(): void {
    const version = this.u8("version");
    if (version !== 1)
      throw new BootseedError(
        "bad-version",
        `${this.#message}: expected version 1, got ${version}: upgrade the older of the two programs`,
      );
  }

  /** The suite byte: 1 = X25519, ChaCha20-Poly1305, Ed25519. @throws BootseedError "bad-suite". */
  suite(): number {
    const suite = this.u8("suite");
    if (suite !== 1) throw new BootseedError("bad-suite", `${this.#message}: expected suite 1, got ${suite}`);
    return suite;
  }

  /** @throws BootseedError "malformed" if bytes are left. */
  end(): void {
    if (this.left !== 0) this.refuse(`${this.left} bytes follow the end of the message`);
  }

  /** @throws BootseedError "malformed", always. */
  refuse(reason: string): never {
    throw new BootseedError("malformed", `${this.#message}: ${reason}`);
  }

  #number(length: number, field: string): number {
    return this.take(length, field).reduce((value, byte) => value * 256 + byte, 0);
  }
}
