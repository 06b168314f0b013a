/**
 * A source under test: start-up test, continuous tests on every sample, one identity from first to last byte of a
 * block. What leaves here was assessed, belongs to the caller alone and is never given out again.
 */
import { cutoffsFor } from "../health/cutoffs.ts";
import { HealthMonitor, STARTUP_SAMPLES } from "../health/monitor.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import type { SourceClass, SourceDriver, SourceIdentity } from "./source.ts";

/** The rate behind α: what the common hardware delivers (9.6 KB/s); blocks are read on demand, never faster for long. */
const SAMPLES_PER_SECOND = 9600;
/** A device that went away is tried again after this long. A failed health test needs an operator instead. */
const REOPEN_MS = 10_000;

/** For status and logs. */
export type SourceState = {
  readonly name: string;
  readonly class: SourceClass | null;
  readonly identity: string | null;
  readonly healthy: boolean;
  readonly reason: string | null;
  readonly minEntropyBits: number;
  /** raw bytes that the device has delivered since the service started, the start-up test's included */
  readonly bytesRead: number;
  /** while it was read: mean of all reads so far; null before the first that took a millisecond */
  readonly bytesPerSecond: number | null;
};

/** A block of raw samples with the class of the device that made it. */
export type AssessedBlock = { readonly samples: Uint8Array; readonly class: SourceClass };

type Failure = { readonly reason: string; readonly fix: string; readonly health: boolean; readonly atMs: number };

export class AssessedSource {
  readonly #driver: SourceDriver;
  readonly #now: () => number;
  readonly #onEvent: (event: string, state: SourceState) => void;
  #monitor: HealthMonitor | null = null;
  #identity: SourceIdentity | null = null;
  #failure: Failure | null = null;
  #bytesRead = 0;
  #readingMs = 0;

  /**
   * @param now milliseconds of a clock that only decides when a lost device is tried again, and measures the rate
   * @param onEvent told of every start and failure
   */
  constructor(driver: SourceDriver, now: () => number, onEvent: (event: string, state: SourceState) => void) {
    this.#driver = driver;
    this.#now = now;
    this.#onEvent = onEvent;
  }

  get state(): SourceState {
    return {
      name: this.#driver.name,
      class: this.#identity?.class ?? null,
      identity: this.#identity?.device ?? null,
      healthy: this.#failure === null && this.#monitor !== null,
      reason: this.#failure?.reason ?? (this.#monitor === null ? "not started" : null),
      minEntropyBits: this.#driver.minEntropyBits,
      bytesRead: this.#bytesRead,
      bytesPerSecond: this.#readingMs > 0 ? Math.round((this.#bytesRead * 1000) / this.#readingMs) : null,
    };
  }

  /** What to do about the failure, while there is one. */
  get fix(): string | null {
    return this.#failure?.fix ?? null;
  }

  /** Raw samples that hold `bits` by the declared H. */
  samplesFor(bits: number): number {
    return Math.ceil(bits / this.#driver.minEntropyBits);
  }

  /**
   * Makes the source ready: opens it and runs the start-up test if it is new, came back, or became another device.
   * @throws HostError "source-failed"; the source is unhealthy then
   */
  async ensureStarted(): Promise<SourceIdentity> {
    return this.#guard(async () => this.#current());
  }

  /**
   * @param samples raw samples wanted
   * @returns fresh samples that passed the tests; the caller wipes them
   * @throws HostError "source-failed"; nothing of a failed block leaves here
   */
  async block(samples: number): Promise<AssessedBlock> {
    return this.#guard(async () => {
      const before = await this.#current();
      const raw = await this.#read(samples);
      try {
        this.#assess(raw);
        const after = await this.#driver.identify();
        // The device changed under the read: nobody knows whose bytes these are.
        if (after.device !== before.device) throw changed(before, after);
        return { samples: raw, class: before.class };
      } catch (error) {
        raw.fill(0);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#monitor = null;
    await this.#driver.close();
  }

  async #current(): Promise<SourceIdentity> {
    const failure = this.#failure;
    const seen = failure !== null && !this.#mayRetry(failure) ? await this.#identityIfChanged(failure) : null;
    const identity = seen ?? (await this.#driver.identify());
    if (this.#monitor !== null && failure === null && identity.device === this.#identity?.device) return identity;
    await this.#start(identity);
    return identity;
  }

  async #start(identity: SourceIdentity): Promise<void> {
    await this.#driver.close();
    this.#identity = identity;
    this.#monitor = new HealthMonitor(cutoffsFor(this.#driver.minEntropyBits, SAMPLES_PER_SECOND));
    await this.#driver.open();
    const startup = await this.#read(STARTUP_SAMPLES);
    try {
      this.#assess(startup);
    } finally {
      startup.fill(0);
    }
    this.#failure = null;
    this.#onEvent("source started", this.state);
  }

  async #read(samples: number): Promise<Uint8Array> {
    const startedMs = this.#now();
    const raw = await this.#driver.read(samples);
    this.#readingMs += this.#now() - startedMs;
    this.#bytesRead += raw.length;
    return raw;
  }

  #assess(samples: Uint8Array): void {
    const failure = this.#monitor?.feed(samples);
    if (failure === undefined || failure === null) return;
    const message = `${this.#driver.name} failed the ${failure.test} test: ${failure.detail}`;
    throw new HealthFailed(message);
  }

  #mayRetry(failure: Failure): boolean {
    return !failure.health && this.#now() - failure.atMs >= REOPEN_MS;
  }

  /** A failed source stays failed while it is the same device: @throws its failure again. */
  async #identityIfChanged(failure: Failure): Promise<SourceIdentity> {
    const identity = await this.#driver.identify().catch(() => null);
    if (identity !== null && identity.device !== this.#identity?.device) return identity;
    throw new StillFailed(failure);
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StillFailed) throw error;
      const fix = error instanceof HostError ? error.fix : "check the device and the kernel log (dmesg)";
      const health = error instanceof HealthFailed;
      this.#failure = { reason: messageOf(error), fix, health, atMs: this.#now() };
      this.#onEvent("source failed", this.state);
      await this.#driver.close();
      throw error;
    }
  }
}

class HealthFailed extends HostError {
  constructor(message: string) {
    super("source-failed", message, "replace the device, then restart bootseed-host", EXIT.unavailable);
  }
}

/** A failure told before: it is thrown again, not counted again. */
class StillFailed extends HostError {
  constructor(failure: Failure) {
    super("source-failed", failure.reason, failure.fix, EXIT.unavailable);
  }
}

function changed(before: SourceIdentity, after: SourceIdentity): HostError {
  const message = `the device changed from ${before.device} to ${after.device} during a read`;
  return new HostError("source-failed", message, "ask again: the new device is tested first", EXIT.unavailable);
}
