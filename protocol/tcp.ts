/**
 * Frames of `tcp` push, where the host dials: each message with its u16 length in front.
 *
 *     host → guest  lp(hostId 8 ‖ nonce 16)
 *     guest → host  lp(hello 126), signed over this nonce
 *     host → guest  lp(packet answer), or lp(empty) where HTTP would say 403
 *     guest → host  after an empty frame, once: lp(packet request) with the same hello and the proofs
 *     guest → host  lp(receipt 42)
 */
import { concat, exactly, lp, Reader } from "./bytes.ts";
import { BootseedError } from "./errors.ts";

/** What a host says first: who it is, and 16 random bytes that the hello must sign. */
export interface Greeting {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes, new for every connection */
  readonly nonce: Uint8Array;
}

/** A message as a frame. @throws RangeError beyond 65,535 bytes */
export const frame: (message: Uint8Array) => Uint8Array = lp;

/** @returns 24 bytes */
export function encodeGreeting({ hostId, nonce }: Greeting): Uint8Array {
  return concat(exactly(hostId, 8, "hostId"), exactly(nonce, 16, "nonce"));
}

/** @throws BootseedError "malformed" */
export function parseGreeting(bytes: Uint8Array): Greeting {
  const reader = new Reader(bytes, "greeting");
  const greeting = { hostId: reader.take(8, "hostId"), nonce: reader.take(16, "nonce") };
  reader.end();
  return greeting;
}

/** Cuts a stream into frames, and refuses a frame by its length before it arrives. */
export class FrameReader {
  readonly #maxBytes: number;
  #rest: Uint8Array = new Uint8Array(0);

  /** @param maxBytes - longest message, without its length */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the messages that are complete now @throws BootseedError "too-long" as soon as a length says so */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#rest = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const messages: Uint8Array[] = [];
    while (this.#rest.length >= 2) {
      const length = new Reader(this.#rest, "frame").u16("length");
      if (length > this.#maxBytes)
        throw new BootseedError("too-long", `frame: expected at most ${this.#maxBytes} bytes, got ${length}`);
      if (this.#rest.length < 2 + length) break;
      messages.push(this.#rest.slice(2, 2 + length));
      this.#rest = this.#rest.subarray(2 + length);
    }
    return messages;
  }
}
