/**
 * The guest's side of one delivery by `tcp`, as bytes in and bytes out (docs/protocol.md, Transports).
 *
 *     host → guest   lp(hostId ‖ nonce 16)
 *     guest → host   lp(hello)
 *     host → guest   lp(packet answer), or lp(empty): refused
 *     guest → host   after a refusal, once: lp(packet request) with the same hello and the proofs
 *     guest → host   lp(receipt)
 */
import { BootseedError, equalConstantTime, frame, FrameReader, parseGreeting, toHex } from "@bootseed/protocol";
import { beginDelivery, type Delivery } from "./delivery.ts";
import { type HostFolder, hostFolders } from "./host-folder.ts";
import { messageOf, Refusal } from "./refusal.ts";
import { checkInstance, failed, keepLast } from "./topup.ts";
import type { World } from "./world.ts";

/** Every message of a host fits; the length prefix holds no more. */
const MAX_HOST_FRAME_BYTES = 65_535;

/** Keeps kit and timer out of the state until the return value is called. @param waitSeconds if other than usual */
export type TakeLock = (waitSeconds?: number) => () => void;

/**
 * One holder at a time in this process too, waiting without blocking it: flock(1) does block, and whoever holds the lock
 * waits for the kernel meanwhile, so that two hosts at once would stand still until the second gave up.
 */
export class StateLock {
  readonly #takeLock: TakeLock;
  #last: Promise<void> = Promise.resolve();

  constructor(takeLock: TakeLock) {
    this.#takeLock = takeLock;
  }

  /** @returns what `work` returns @throws what `work` or the lock throws */
  async hold<T>(work: () => T | Promise<T>, waitSeconds?: number): Promise<T> {
    const mine = this.#last.then(async () => {
      const unlock = this.#takeLock(waitSeconds);
      try {
        return await work();
      } finally {
        unlock();
      }
    });
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }
}

/** What to send now; `end`: nothing more follows. */
export type Step = { readonly send?: Uint8Array; readonly end: boolean };

const END: Step = { end: true };

export class PushedDelivery {
  readonly #world: World;
  readonly #stateDir: string;
  readonly #lock: StateLock;
  readonly #reader = new FrameReader(MAX_HOST_FRAME_BYTES);
  #folder: HostFolder | null = null;
  #delivery: Delivery | null = null;
  #refusals = 0;

  /** @param lock is taken only once an answer is there: who connects and waits must not keep the timer out */
  constructor(world: World, stateDir: string, lock: StateLock) {
    this.#world = world;
    this.#stateDir = stateDir;
    this.#lock = lock;
  }

  /** Takes bytes as they come; never throws. Call it again only after the last call resolved. */
  async take(chunk: Uint8Array): Promise<Step> {
    try {
      const messages = this.#reader.push(chunk);
      if (messages.length > 1) throw new Refusal("malformed", "frames ahead of the answer: another protocol");
      const [message] = messages;
      return message === undefined ? { end: false } : await this.#step(message);
    } catch (error) {
      this.abandon();
      // Nothing is counted for a caller who named no host of ours, or the disk could be kept busy by anybody.
      if (this.#folder === null) this.#world.say(`a caller was refused: ${messageOf(error)}`);
      else await this.#count(this.#folder, error);
      return END;
    }
  }

  /** The connection ended: the receive key is wiped. */
  abandon(): void {
    this.#delivery?.abandon();
    this.#delivery = null;
  }

  async #step(message: Uint8Array): Promise<Step> {
    if (this.#folder === null) return this.#greet(message);
    const delivery = this.#delivery;
    if (delivery === null) throw new Refusal("malformed", "a message after the last");
    if (message.length > 0) return this.#accept(this.#folder, delivery, message);
    if (this.#refusals++ > 0) throw new Refusal("http-403", "the host refused the hello, with its proofs too");
    return { send: frame(delivery.proof()), end: false };
  }

  async #greet(message: Uint8Array): Promise<Step> {
    const { hostId, nonce } = parseGreeting(message);
    // A hello over the zero nonce would be one of `pull`, which a caller could spend at the host in this VM's name.
    if (nonce.every((byte) => byte === 0)) throw new Refusal("malformed", "greeting: its nonce is zero");
    // The host's own first: another host's folder that cannot be read refuses nothing here.
    const known = hostFolders(this.#world, this.#stateDir);
    const folder = known.find((each) => equalConstantTime(each.hostId, hostId));
    if (folder?.enrolled !== true) throw new BootseedError("not-found", `not enrolled at host ${toHex(hostId)}`);
    checkInstance(this.#world, folder);
    this.#delivery = await beginDelivery(this.#world, folder, nonce);
    this.#folder = folder;
    return { send: frame(this.#delivery.hello), end: false };
  }

  async #accept(folder: HostFolder, delivery: Delivery, answer: Uint8Array): Promise<Step> {
    this.#delivery = null;
    const work = async (): Promise<Step> => {
      const { receipt, ...told } = await delivery.accept(answer);
      // No answer follows a receipt, so none can be told of.
      keepLast(this.#world, folder, { ...told, receipt: 0 });
      return { send: frame(receipt), end: true };
    };
    return this.#lock.hold(work).finally(() => delivery.abandon());
  }

  /** Under the lock as well, every file of a folder being written as `tmp` first; nobody waits for it, as anybody can fail. */
  async #count(folder: HostFolder, error: unknown): Promise<void> {
    const count = (): unknown => failed(this.#world, folder, error);
    await this.#lock.hold(count, 0).catch((cause: unknown) => this.#world.say(`not counted: ${messageOf(cause)}`));
  }
}
