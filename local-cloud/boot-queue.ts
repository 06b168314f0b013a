/**
 * Lets at most `limit` jobs run at a time, first come, first served. Under emulation two boots at once take more than twice as long as
 * one after the other (measured on 2 cores), so one is the default.
 */
export class BootQueue {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError(`parallel boots: expected at least 1, got ${limit}`);
    this.#limit = limit;
  }

  /** Runs `job` when its turn comes. What it throws is its own caller's business: the queue goes on. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((turn) => this.#waiting.push(turn));
    else this.#running++;
    try {
      return await job();
    } finally {
      // the place is handed over, not given back: nobody can slip in between
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
