/**
 * How often an asker gets an answer that costs entropy. Counted in RAM by time, not by day, and taken back when what it
 * paid for did not come: an outage of the source must not use up what a VM may ask.
 */

/** A token bucket. */
export type Rate = {
  /** Answers at once. */
  readonly burst: number;
  /** Seconds for one more. */
  readonly seconds: number;
};

type Bucket = { tokens: number; at: number; readonly rate: Rate };
type Share = { readonly key: string; readonly rate: Rate };

/** Buckets that are kept before the full ones are dropped. */
const SWEEP_AT = 10_000;

const filled = ({ tokens, at, rate }: Bucket, now: number): number =>
  // A time in the future means that the clock went back: waiting until it comes again would lock the asker out.
  now < at ? rate.burst : Math.min(rate.burst, tokens + (now - at) / rate.seconds);

export class Allowances {
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = SWEEP_AT;

  /**
   * Takes one answer of every share, or of none.
   *
   * @param now seconds
   * @returns gives it back; null when a share has none left
   */
  take(shares: readonly Share[], now: number): (() => void) | null {
    const buckets = shares.map(({ key, rate }) => {
      const known = this.#buckets.get(key);
      return { key, bucket: { rate, at: now, tokens: known === undefined ? rate.burst : filled(known, now) } };
    });
    if (buckets.some(({ bucket }) => bucket.tokens < 1)) return null;
    for (const { key, bucket } of buckets) {
      bucket.tokens--;
      this.#buckets.set(key, bucket);
    }
    this.#sweep(now);
    return () => {
      for (const { key, rate } of shares) {
        const bucket = this.#buckets.get(key);
        if (bucket !== undefined) bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
      }
    };
  }

  /** What is full again is as good as unknown. */
  #sweep(now: number): void {
    if (this.#buckets.size < this.#sweepAt) return;
    for (const [key, bucket] of this.#buckets) if (filled(bucket, now) >= bucket.rate.burst) this.#buckets.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#buckets.size);
  }
}
