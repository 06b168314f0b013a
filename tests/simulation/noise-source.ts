/** Fake hardware: one block of noise, read round and round. Everything behind the driver is the host's own code. */
import type { SourceDriver, SourceIdentity } from "../../hwrng-host/sources/source.ts";
import { noise } from "../../hwrng-host/testing/fake-device.ts";

const SAMPLES = noise(1 << 20);

export class NoiseSource implements SourceDriver {
  readonly name = "noise";
  readonly minEntropyBits = 4;
  #at = 0;

  async open(): Promise<void> {}

  async identify(): Promise<SourceIdentity> {
    return { device: "simulated-noise", class: "physical-raw" };
  }

  async read(bytes: number): Promise<Uint8Array> {
    if (this.#at + bytes > SAMPLES.length) this.#at = 0;
    this.#at += bytes;
    return SAMPLES.slice(this.#at - bytes, this.#at);
  }

  async close(): Promise<void> {}
}
