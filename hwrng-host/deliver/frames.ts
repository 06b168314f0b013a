/** Frames of `tcp` push: lp, a u16 length in front of each message. */
import { BootseedError, concat, lp, Reader } from "@bootseed/protocol";

export const frame: (bytes: Uint8Array) => Uint8Array = lp;

export function encodeGreeting(fields: { readonly hostId: Uint8Array; readonly nonce: Uint8Array }): Uint8Array {
  return concat(fields.hostId, fields.nonce);
}

export function parseGreeting(bytes: Uint8Array): { hostId: Uint8Array; nonce: Uint8Array } {
  const reader = new Reader(bytes, "greeting");
  const greeting = { hostId: reader.take(8, "hostId"), nonce: reader.take(16, "nonce") };
  reader.end();
  return greeting;
}

/** Cuts a stream into frames. */
export class FrameReader {
  readonly #maxBytes: number;
  #left: Uint8Array = new Uint8Array(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the frames that are complete now @throws BootseedError "too-long" as soon as a length says so */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#left = this.#left.length === 0 ? chunk : concat(this.#left, chunk);
    const frames: Uint8Array[] = [];
    for (;;) {
      const [high = 0, low = 0] = this.#left;
      if (this.#left.length < 2) return frames;
      const length = high * 256 + low;
      if (length > this.#maxBytes)
        throw new BootseedError("too-long", `frame: expected at most ${this.#maxBytes} bytes, got ${length}`);
      if (this.#left.length < 2 + length) return frames;
      frames.push(Uint8Array.from(this.#left.subarray(2, 2 + length)));
      this.#left = this.#left.subarray(2 + length);
    }
  }
}
