/** The operating system's own generator as a source: somebody else's generator, so `chained`, credit 0. */
import { DeviceReader } from "./device-reader.ts";
import type { SourceDriver, SourceIdentity } from "./source.ts";

/** Since Linux 5.6 a read of /dev/random is getrandom(2): it waits once, until the kernel was seeded. */
const DEVICE = "/dev/random";
const STALL_MS = 5000;

/** Driver for the system generator; used only with `allowChained`. */
export class SystemDriver implements SourceDriver {
  readonly name = "system";
  readonly minEntropyBits: number;
  readonly #reader = new DeviceReader(DEVICE, STALL_MS);

  constructor(minEntropyBits: number) {
    this.minEntropyBits = minEntropyBits;
  }

  async open(): Promise<void> {
    await this.#reader.open();
  }

  identify(): Promise<SourceIdentity> {
    return Promise.resolve({ device: "getrandom", class: "chained" });
  }

  async read(bytes: number): Promise<Uint8Array> {
    return this.#reader.read(bytes);
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}
