/** Keys that verify receipts: in RAM only, at most 60 s, one per VM. */
import { toHex } from "@bootseed/protocol";
import { UnderWay } from "./under-way.ts";

/** A receipt after this is lost, and harmless. */
export const RECEIPT_SECONDS = 60;

type Entry = { readonly counter: number; readonly key: Uint8Array; readonly expires: number };

/** A time further ahead than any entry lives: the clock was set back, and nobody knows how old it is. */
const alive = ({ expires }: Entry, now: number): boolean => now < expires && expires <= now + RECEIPT_SECONDS;

export class ReceiptKeys {
  /** Deliveries that will put a key here. */
  readonly underWay: UnderWay = new UnderWay();
  /** In order of expiry: every entry lives equally long. */
  readonly #entries = new Map<string, Entry>();

  /** @param key taken over, wiped here @param now seconds */
  put(seedId: Uint8Array, counter: number, key: Uint8Array, now: number): void {
    this.sweep(now);
    this.#drop(toHex(seedId));
    this.#entries.set(toHex(seedId), { counter, key, expires: now + RECEIPT_SECONDS });
  }

  /** The key of the packet with this counter, or null. It stays until {@link ReceiptKeys.spend}. */
  get(seedId: Uint8Array, counter: number, now: number): Uint8Array | null {
    const entry = this.#entries.get(toHex(seedId));
    return entry?.counter === counter && alive(entry, now) ? entry.key : null;
  }

  /** Wipes the key of the packet with this counter: its receipt is stored. A newer packet's key stays. */
  spend(seedId: Uint8Array, counter: number): void {
    const name = toHex(seedId);
    if (this.#entries.get(name)?.counter === counter) this.#drop(name);
  }

  /** Wipes all that expired. */
  sweep(now: number): void {
    for (const [name, entry] of this.#entries) {
      if (alive(entry, now)) break;
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    this.#entries.get(name)?.key.fill(0);
    this.#entries.delete(name);
  }
}
