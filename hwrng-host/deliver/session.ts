/**
 * The host's side of one delivery by `tcp`, as bytes in and bytes out (docs/protocol.md, Transports).
 *
 *     host → guest   lp(hostId ‖ nonce 16)
 *     guest → host   lp(hello)
 *     host → guest   lp(packet answer), or lp(empty): refused
 *     guest → host   after a refusal, once: lp(packet request) with the same hello and its certificate
 *     guest → host   lp(receipt)
 */
import {
  encodeGreeting,
  equalConstantTime,
  frame,
  FrameReader,
  type PacketRequest,
  parsePacketRequest,
} from "@bootseed/protocol";
import { deliver } from "../guests/deliver.ts";
import type { ReceiptKeys } from "../guests/receipt-keys.ts";
import { takeReceipt } from "../guests/receipts.ts";
import { countRefusal, isRefusal, Limited, refusalCode, Refused } from "../guests/refuse.ts";
import type { HostContext } from "../host-context.ts";

/** Longest frame of a guest: a packet request with a certificate and a few statements. */
const MAX_GUEST_FRAME_BYTES = 4096;
const NONCE_BYTES = 16;
const EMPTY = new Uint8Array(0);

/** What came of a connection: `code` for counters (a closed set), `reason` for the log; no secret in either. */
export type SessionResult = {
  /**
   * `delivered`: receipt and all. `unacknowledged`: the packet left, no valid receipt came. `limited`: the VM proved
   * itself over its quota. `failed`: nobody proved to be the VM. `postponed`: our own trouble.
   */
  readonly outcome: "delivered" | "unacknowledged" | "limited" | "failed" | "postponed";
  readonly code: string;
  readonly reason: string;
};

/** What to send now; `end`: nothing more follows. */
export type Step = { readonly send?: Uint8Array; readonly end: boolean };

const WAIT: Step = { end: false };
const END: Step = { end: true };

export class PushSession {
  readonly #context: HostContext;
  readonly #keys: ReceiptKeys;
  readonly #seedId: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #reader = new FrameReader(MAX_GUEST_FRAME_BYTES);
  #expected: "hello" | "proof" | "receipt" | "nothing" = "hello";
  #hello: Uint8Array = EMPTY;
  #result: SessionResult = { outcome: "failed", code: "no-hello", reason: "no hello came" };

  /** @param seedId of the VM that lives at the other end: nobody else is served there */
  constructor(context: HostContext, keys: ReceiptKeys, seedId: Uint8Array) {
    this.#context = context;
    this.#keys = keys;
    this.#seedId = seedId;
    this.#nonce = context.random(NONCE_BYTES);
  }

  /** What the host sends first. */
  greeting(): Uint8Array {
    return frame(encodeGreeting({ hostId: this.#context.identity.hostId, nonce: this.#nonce }));
  }

  /** What came of it, if nothing else comes. */
  get result(): SessionResult {
    return this.#result;
  }

  /** Takes bytes as they come; never throws. Call it again only after the last call resolved. */
  async take(chunk: Uint8Array): Promise<Step> {
    try {
      const frames = this.#reader.push(chunk);
      let step = WAIT;
      for (const message of frames) {
        // A guest that sends ahead of our answer speaks another protocol.
        if (step.send !== undefined || step.end) throw new Refused("frames ahead of the answer", "ahead");
        step = await this.#step(message);
      }
      return step;
    } catch (error) {
      return this.#trouble(error);
    }
  }

  async #step(message: Uint8Array): Promise<Step> {
    switch (this.#expected) {
      case "hello":
        this.#hello = message;
        return this.#answer({ hello: message, statements: [] }, "proof");
      case "proof": {
        const request = parsePacketRequest(message);
        if (!equalConstantTime(request.hello, this.#hello)) throw new Refused("another hello than before", "mismatch");
        return this.#answer(request, "nothing");
      }
      case "receipt":
        this.#expected = "nothing";
        await takeReceipt(this.#context, this.#keys, this.#seedId, message);
        this.#result = { outcome: "delivered", code: "receipt", reason: "receipt came" };
        return END;
      default:
        return END;
    }
  }

  /** @param otherwise what may follow a refusal */
  async #answer(request: PacketRequest, otherwise: "proof" | "nothing"): Promise<Step> {
    try {
      if (!equalConstantTime(request.hello.subarray(2, 18), this.#seedId))
        throw new Refused("hello of another VM than the one that lives here", "mismatch");
      const packet = await deliver(this.#context, this.#keys, request, this.#nonce);
      this.#expected = "receipt";
      this.#result = { outcome: "unacknowledged", code: "no-receipt", reason: "no receipt came" };
      return { send: frame(packet), end: false };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#expected = otherwise;
      this.#count(error);
      this.#result = { outcome: error instanceof Limited ? "limited" : "failed", ...told(error) };
      // The same for everything that proves nothing.
      return { send: frame(EMPTY), end: otherwise === "nothing" };
    }
  }

  #count(error: Error): void {
    countRefusal(this.#context, "tcp", error);
  }

  #trouble(error: unknown): Step {
    this.#expected = "nothing";
    if (isRefusal(error)) {
      this.#count(error);
      // A wrong receipt does not undo the delivery.
      this.#result = { outcome: this.#result.outcome, ...told(error) };
    } else {
      this.#context.log.error({ err: error }, "push failed");
      this.#result = { outcome: "postponed", code: "own-trouble", reason: "see the error before this line" };
    }
    return END;
  }
}

function told(error: Error): { code: string; reason: string } {
  return { code: refusalCode(error), reason: error.message };
}
