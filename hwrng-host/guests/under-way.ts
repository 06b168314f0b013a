/** Deliveries under way, by VM. The quota counts packets that were sent: entropy is drawn before that. */
import { toHex } from "@bootseed/protocol";

/** As many as the quota lets a VM have at once. */
const AT_ONCE = 2;

export class UnderWay {
  readonly #counts = new Map<string, number>();

  /**
   * @param seedId 16 bytes
   * @param copy of the VM: copies take no place of the VM's
   * @returns ends this delivery; null when this VM has as many under way as it may
   */
  enter(seedId: Uint8Array, copy: boolean): (() => void) | null {
    const name = `${toHex(seedId)}${copy ? " copy" : ""}`;
    const before = this.#counts.get(name) ?? 0;
    if (before >= AT_ONCE) return null;
    this.#counts.set(name, before + 1);
    return () => this.#leave(name);
  }

  #leave(name: string): void {
    const left = (this.#counts.get(name) ?? 1) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}
