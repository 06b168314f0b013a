/** How often a VM that proved itself is heard: what it says is written to disk and log, and those are everybody's. */
import { toHex } from "@bootseed/protocol";

const HOUR = 3600;

export class Pace {
  readonly #perHour: number;
  readonly #counts = new Map<string, number>();
  #hour = 0;

  constructor(perHour: number) {
    this.#perHour = perHour;
  }

  /** Takes one back: what it paid for did not come. */
  giveBack(seedId: Uint8Array): void {
    const name = toHex(seedId);
    this.#counts.set(name, Math.max(0, (this.#counts.get(name) ?? 0) - 1));
  }

  /** Counts one more. @param seedId 16 bytes @param now seconds @returns false when it was too many in this hour */
  admit(seedId: Uint8Array, now: number): boolean {
    const hour = Math.floor(now / HOUR);
    if (hour !== this.#hour) this.#counts.clear();
    this.#hour = hour;
    const name = toHex(seedId);
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count <= this.#perHour;
  }
}
