/**
 * Cut-offs of the two health tests of NIST SP 800-90B, section 4.4, computed from H, α and W.
 * https://doi.org/10.6028/NIST.SP.800-90B
 */

/** What the tests of one source are set to. */
export type Cutoffs = {
  /** α = 2^−alphaBits: chance that a healthy source fails one test. */
  readonly alphaBits: number;
  /** A run of this many equal samples fails the repetition count test. */
  readonly repetition: number;
  /** W of the adaptive proportion test, in samples. */
  readonly windowSamples: number;
  /** This many of the window's first value within W samples fails the adaptive proportion test. */
  readonly proportion: number;
};

/** 4.4.2: W is 512 for sources that are not binary; every source here delivers bytes. */
const WINDOW_SAMPLES = 512;
const SECONDS_PER_YEAR = 365.25 * 24 * 3600;

/** α small enough for less than one false alarm in ten years: ceil(log2(10 × samples per year)); 42 at 9,600/s. */
export function alphaBitsFor(samplesPerSecond: number): number {
  return Math.ceil(Math.log2(10 * samplesPerSecond * SECONDS_PER_YEAR));
}

/** 4.4.1: C = 1 + ceil(−log2 α / H). */
export function repetitionCutoff(minEntropyBits: number, alphaBits: number): number {
  return 1 + Math.ceil(alphaBits / minEntropyBits);
}

/**
 * 4.4.2: C = 1 + CRITBINOM(W, 2^−H, 1 − α), which is the smallest C with P(B ≥ C) ≤ α for B ~ Binomial(W, 2^−H).
 * Summed from the far tail, where the terms are small: 1 − α itself is not a double once α < 2⁻⁵³.
 */
export function proportionCutoff(minEntropyBits: number, alphaBits: number, windowSamples: number): number {
  const p = 2 ** -minEntropyBits;
  const alpha = 2 ** -alphaBits;
  let tail = 0;
  let logTerm = windowSamples * Math.log(p);
  for (let k = windowSamples; k > 0; k--) {
    tail += Math.exp(logTerm);
    if (tail > alpha) return k + 1;
    // C(W, k−1) p^(k−1) q^(W−k+1) from the term of k.
    logTerm += Math.log(k) - Math.log(windowSamples - k + 1) + Math.log1p(-p) - Math.log(p);
  }
  return 1;
}

/**
 * @param minEntropyBits H, declared min-entropy per sample (one byte), 0 < H ≤ 8
 * @param samplesPerSecond the fastest the source is read
 * @throws RangeError H out of bounds
 * @example cutoffsFor(4, 9600) // { alphaBits: 42, repetition: 12, windowSamples: 512, proportion: 79 }
 */
export function cutoffsFor(minEntropyBits: number, samplesPerSecond: number): Cutoffs {
  if (!(minEntropyBits > 0 && minEntropyBits <= 8)) {
    throw new RangeError(`minEntropyBits: expected more than 0 and at most 8 bits per byte, got ${minEntropyBits}`);
  }
  const alphaBits = alphaBitsFor(samplesPerSecond);
  return {
    alphaBits,
    repetition: repetitionCutoff(minEntropyBits, alphaBits),
    windowSamples: WINDOW_SAMPLES,
    proportion: proportionCutoff(minEntropyBits, alphaBits, WINDOW_SAMPLES),
  };
}
