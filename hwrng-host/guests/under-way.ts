/** What is under way, so that it cannot draw more entropy at once than it may have: quotas count what was answered. */
import { toHex } from "@bootseed/protocol";

/** Deliveries of a VM at once: as many as its quota lets it have. */
const AT_ONCE = 2;

/** Counts what is under way, by name. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** @returns ends this one; null when `most` are under way under this name */
  enter(name: string, most: number): (() => void) | null {
    const before = this.#counts.get(name) ?? 0;
    if (before >= most) return null;
    this.#counts.set(name, before + 1);
    return () => this.#leave(name);
  }

  #leave(name: string): void {
    const left = (this.#counts.get(name) ?? 1) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}

/** Deliveries under way, by VM. */
export class UnderWay {
  readonly #flights = new InFlight();

  /**
   * @param seedId 16 bytes
   * @param copy of the VM: copies take no place of the VM's
   * @returns ends this delivery; null when this VM has as many under way as it may
   */
  enter(seedId: Uint8Array, copy: boolean): (() => void) | null {
    return this.#flights.enter(`${toHex(seedId)}${copy ? " copy" : ""}`, AT_ONCE);
  }
}
