/**
 * RBG3(RS) of NIST SP 800-90C: one CTR_DRBG that is reseeded with fresh assessed bits for every 32 bytes of
 * full-entropy output. https://doi.org/10.6028/NIST.SP.800-90C
 *
 * Nothing is used twice and nothing is parked: samples are read, tested, used and wiped within one call. With chained
 * sources alone the arithmetic is the same, but it only paces the reseeds; such output is called `chained`.
 */
import { EXIT, HostError } from "../host-error.ts";
import type { AssessedSource } from "../sources/assessed-source.ts";
import { lowerClass, type SourceClass, SOURCE_CLASSES } from "../sources/source.ts";
import { CtrDrbg } from "./ctr-drbg.ts";

/** 90C: full entropy for 256 bits needs 256 + 64 fresh bits of min-entropy. */
export const RESEED_BITS = 320;
/** One full-entropy output. */
export const OUTPUT_BYTES = 32;
/** Octets of a packet's chunk. */
export const CHUNK_BYTES = 1024;
const ADDITIONAL_BYTES = 64;
const NONCE_BYTES = 16;
/** Who would have to wait longer than this is asked to come back instead. */
const MAX_WAIT_SECONDS = 8;

/** Bytes, and the best class among the sources that made them. */
export type Output = { readonly bytes: Uint8Array; readonly sourceClass: SourceClass };

export type Rbg3Options = {
  readonly sources: readonly AssessedSource[];
  readonly allowChained: boolean;
  /** Public text that sets this instantiation apart, e.g. the hostId. */
  readonly personalization: Uint8Array;
  /** The system's generator: mixed in as additional input, never counted. */
  readonly systemRandom: (bytes: number) => Uint8Array;
  /** Monotonic milliseconds, for Retry-After. */
  readonly now: () => number;
};

/** Told to come back: the entropy there is does not last. */
export class TooFast extends HostError {
  readonly retryAfterSeconds: number;

  constructor(seconds: number) {
    const message = `asked for more entropy than the sources give: ${seconds} s of work are waiting already`;
    super("rate-limited", message, `ask again in ${seconds} s`, EXIT.unavailable);
    this.retryAfterSeconds = seconds;
  }
}

/** The generator of seeds and packets. Calls may overlap; they are served one after the other. */
export class Rbg3 {
  readonly #options: Rbg3Options;
  #drbg: CtrDrbg | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed = false;
  #secondsPerReseed = 0;

  constructor(options: Rbg3Options) {
    this.#options = options;
  }

  /**
   * Full-entropy output: one reseed per 32 bytes.
   * @param count outputs of 32 bytes, joined
   * @throws HostError "no-source" when no source may be used, {@link TooFast} when the queue is long
   */
  async fullEntropy(count: number): Promise<Output> {
    const bytes = new Uint8Array(count * OUTPUT_BYTES);
    let sourceClass: SourceClass = "physical-raw";
    try {
      for (let i = 0; i < count; i++) {
        const one = await this.#enqueue(OUTPUT_BYTES);
        bytes.set(one.bytes, i * OUTPUT_BYTES);
        one.bytes.fill(0);
        sourceClass = lowerClass(sourceClass, one.sourceClass);
      }
    } catch (error) {
      bytes.fill(0);
      throw error;
    }
    return { bytes, sourceClass };
  }

  /** A packet's chunk: one reseed, then 1,024 bytes. 256 bits of strength, not 8,192 bits of entropy. */
  async chunk(): Promise<Output> {
    return this.#enqueue(CHUNK_BYTES);
  }

  /** Starts sources that are not running and says which class could be used now. @throws HostError "no-source" */
  async probe(): Promise<SourceClass> {
    return this.#exclusive(async () => {
      for (const source of this.#options.sources) await source.ensureStarted().catch(() => undefined);
      return this.#usableClass();
    });
  }

  /** Refuses at once when the queue is too long. @throws TooFast */
  admit(): void {
    const seconds = Math.ceil(this.#waiting * this.#secondsPerReseed);
    if (seconds > MAX_WAIT_SECONDS) throw new TooFast(seconds);
  }

  /** Wipes the working state and closes the sources. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#exclusive(async () => {
      this.#drbg?.uninstantiate();
      this.#drbg = null;
      for (const source of this.#options.sources) await source.close();
    });
  }

  async #enqueue(bytes: number): Promise<Output> {
    this.#waiting++;
    try {
      return await this.#exclusive(async () => {
        if (this.#closed) throw new HostError("unavailable", "the service is stopping", "ask again", EXIT.unavailable);
        const started = this.#options.now();
        const { drbg, sourceClass } = await this.#reseed();
        const seconds = (this.#options.now() - started) / 1000;
        this.#secondsPerReseed += (seconds - this.#secondsPerReseed) / 8;
        return { bytes: drbg.generate(bytes), sourceClass };
      });
    } finally {
      this.#waiting--;
    }
  }

  async #reseed(): Promise<{ drbg: CtrDrbg; sourceClass: SourceClass }> {
    const fresh = await this.#gather(RESEED_BITS);
    let additional: Uint8Array = new Uint8Array(0);
    try {
      additional = this.#options.systemRandom(ADDITIONAL_BYTES);
      const nonce = additional.subarray(0, NONCE_BYTES);
      const drbg = this.#drbg ?? new CtrDrbg(fresh.samples, nonce, this.#options.personalization);
      if (drbg === this.#drbg) drbg.reseed(fresh.samples, additional);
      this.#drbg = drbg;
      return { drbg, sourceClass: fresh.class };
    } finally {
      fresh.samples.fill(0);
      additional.fill(0);
    }
  }

  /** A block of every healthy source, joined; each holds `bits` by itself, so the best class among them may be claimed. */
  async #gather(bits: number): Promise<{ samples: Uint8Array; class: SourceClass }> {
    const blocks: { samples: Uint8Array; class: SourceClass }[] = [];
    for (const source of this.#options.sources) {
      const block = await source.block(source.samplesFor(bits)).catch((error: unknown) => {
        if (error instanceof HostError) return null;
        for (const { samples } of blocks) samples.fill(0);
        throw error;
      });
      if (block !== null) blocks.push(block);
    }
    const best = this.#bestClass(blocks.map((block) => block.class));
    const samples = new Uint8Array(blocks.reduce((sum, block) => sum + block.samples.length, 0));
    let at = 0;
    for (const block of blocks) {
      samples.set(block.samples, at);
      at += block.samples.length;
      block.samples.fill(0);
    }
    if (best === null) {
      samples.fill(0);
      throw this.#noSource();
    }
    return { samples, class: best };
  }

  #usableClass(): SourceClass {
    const classes = this.#options.sources.flatMap(({ state }) => (state.healthy && state.class ? [state.class] : []));
    const best = this.#bestClass(classes);
    if (best === null) throw this.#noSource();
    return best;
  }

  #bestClass(classes: readonly SourceClass[]): SourceClass | null {
    const best = SOURCE_CLASSES.find((one) => classes.includes(one));
    return best === undefined || (best === "chained" && !this.#options.allowChained) ? null : best;
  }

  #noSource(): HostError {
    const failed = this.#options.sources.find(({ state }) => !state.healthy);
    if (failed === undefined) {
      const names = this.#options.sources.map(({ state }) => state.identity ?? state.name).join(", ");
      const message = `every healthy source is chained (${names}): somebody else's generator`;
      const fix =
        "attach a hardware random generator, or set `allowChained: true` and accept what docs/security.md says";
      return new HostError("no-source", message, fix, EXIT.unavailable);
    }
    const reason = `no healthy source: ${failed.state.name}: ${failed.state.reason ?? "not started"}`;
    return new HostError("no-source", reason, failed.fix ?? "see `bootseed-host status`", EXIT.unavailable);
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const previous = this.#tail;
    const turn = Promise.withResolvers<undefined>();
    this.#tail = turn.promise;
    await previous;
    try {
      return await work();
    } finally {
      turn.resolve(undefined);
    }
  }
}
