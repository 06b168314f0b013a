/** Test aid: a file or FIFO that stands in for /dev/hwrng, and one for rng_current. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CtrDrbg } from "../drbg/ctr-drbg.ts";
import { HwrngDriver } from "../sources/hwrng.ts";
import type { SourceClass } from "../sources/source.ts";

/** Reproducible bytes without structure. */
export function noise(bytes: number, seed = 1): Uint8Array {
  const drbg = new CtrDrbg(new Uint8Array(32).fill(seed), new Uint8Array(16));
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) out.set(drbg.generate(Math.min(65_536, bytes - at)), at);
  return out;
}

/** A folder with `device` and `rngCurrent` in it; removed when disposed. */
export class FakeDevice implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-device-"));
  readonly device: string = join(this.dir, "hwrng");
  readonly rngCurrent: string = join(this.dir, "rng_current");
  readonly #drivers: HwrngDriver[] = [];

  constructor(samples: Uint8Array | "fifo", name = "test-noise") {
    if (samples === "fifo") execFileSync("mkfifo", [this.device]);
    else writeFileSync(this.device, samples);
    this.become(name);
  }

  /** Another device answers from now on. */
  become(name: string): void {
    writeFileSync(this.rngCurrent, `${name}\n`);
  }

  driver(minEntropyBits = 4, declared?: SourceClass, stallMs = 40): HwrngDriver {
    const { device, rngCurrent } = this;
    const driver = new HwrngDriver({ device, rngCurrent, minEntropyBits, class: declared, stallMs });
    this.#drivers.push(driver);
    return driver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const driver of this.#drivers) await driver.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
