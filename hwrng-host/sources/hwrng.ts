/**
 * The kernel's hardware RNG, /dev/hwrng: whatever `rng_current` says it is at this moment
 * (https://docs.kernel.org/admin-guide/hw_random.html).
 */
import { readFile } from "node:fs/promises";
import { EXIT, HostError } from "../host-error.ts";
import { classify } from "./classify.ts";
import { DeviceReader, deviceError } from "./device-reader.ts";
import type { SourceClass, SourceDriver, SourceIdentity } from "./source.ts";

/** A device silent for this long has failed. */
const STALL_MS = 5000;

export type HwrngOptions = {
  /** Usually /dev/hwrng. */
  readonly device: string;
  /** Usually /sys/class/misc/hw_random/rng_current. */
  readonly rngCurrent: string;
  readonly minEntropyBits: number;
  /** The operator's word for names that {@link classify} does not know. */
  readonly class?: SourceClass | undefined;
  readonly stallMs?: number;
};

/** Driver for /dev/hwrng. A missing device is an error: it never falls back to anything. */
export class HwrngDriver implements SourceDriver {
  readonly name: string;
  readonly minEntropyBits: number;
  readonly #options: HwrngOptions;
  readonly #reader: DeviceReader;

  constructor(options: HwrngOptions) {
    this.name = options.device;
    this.minEntropyBits = options.minEntropyBits;
    this.#options = options;
    this.#reader = new DeviceReader(options.device, options.stallMs ?? STALL_MS);
  }

  async open(): Promise<void> {
    await this.#reader.open();
  }

  async identify(): Promise<SourceIdentity> {
    const path = this.#options.rngCurrent;
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw deviceError(path, "read", cause);
    });
    const device = text.trim();
    if (device === "" || device === "none") {
      const fix = "attach a hardware random generator, or write one of rng_available's names to rng_current";
      throw new HostError("source-failed", `${path} names no device (got "${device}")`, fix, EXIT.io);
    }
    return { device, class: classify(device, this.#options.class) };
  }

  async read(bytes: number): Promise<Uint8Array> {
    return this.#reader.read(bytes);
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}
