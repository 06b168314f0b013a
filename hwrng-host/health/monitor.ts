/**
 * The continuous health tests of NIST SP 800-90B, section 4.4, on raw samples (one byte each): repetition count
 * test (4.4.1) and adaptive proportion test (4.4.2), and the start-up test that is both over 1,024 samples (4.3).
 */
import type { Cutoffs } from "./cutoffs.ts";

/** 4.3: "at least 1,024 consecutive samples"; they are discarded afterwards. */
export const STARTUP_SAMPLES = 1024;

/** Which test failed, for logs and status. */
export type HealthFailure = { readonly test: "repetition count" | "adaptive proportion"; readonly detail: string };

/** The state of both tests for one source. A monitor that has failed stays failed: a new start makes a new one. */
export class HealthMonitor {
  readonly #cutoffs: Cutoffs;
  #failure: HealthFailure | null = null;
  #last = -1;
  #run = 0;
  #windowValue = 0;
  #windowHits = 0;
  #windowLeft = 0;

  constructor(cutoffs: Cutoffs) {
    this.#cutoffs = cutoffs;
  }

  /**
   * Runs both tests over `samples`, which continue the ones given before.
   * @returns null while healthy; else the first failure, now and for ever
   */
  feed(samples: Uint8Array): HealthFailure | null {
    const { repetition, proportion, windowSamples } = this.#cutoffs;
    for (const sample of samples) {
      if (this.#failure !== null) break;
      this.#run = sample === this.#last ? this.#run + 1 : 1;
      this.#last = sample;
      if (this.#run >= repetition) {
        this.#failure = { test: "repetition count", detail: `${repetition} equal samples in a row` };
      }
      if (this.#windowLeft === 0) {
        this.#windowLeft = windowSamples;
        this.#windowValue = sample;
        this.#windowHits = 0;
      }
      this.#windowLeft--;
      if (sample === this.#windowValue) this.#windowHits++;
      if (this.#failure === null && this.#windowHits >= proportion) {
        this.#failure = { test: "adaptive proportion", detail: `${proportion} equal samples within ${windowSamples}` };
      }
    }
    return this.#failure;
  }
}
