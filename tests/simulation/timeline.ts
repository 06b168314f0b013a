/** Virtual time: a queue of events, one after the other. Nothing sleeps; a simulated day costs what its events cost. */
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

type Event = { readonly atMs: number; readonly order: number; readonly run: () => void | Promise<void> };

export class Timeline {
  #nowMs = 0;
  #order = 0;
  #busy = 0;
  /** Binary heap by time, then by order of entry: two events of one instant always come in the same order. */
  readonly #heap: Event[] = [];
  /** Told after every event. */
  afterEvent: () => void = () => undefined;

  /** True milliseconds since the world began; nobody's wall clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: Event["run"]): void {
    const heap = this.#heap;
    heap.push({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run });
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) break;
      at = parent;
    }
  }

  /** For code under test that waits. */
  async sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.after(delayMs, () => resolve(undefined));
    await promise;
  }

  /** For code under test that awaits something real (a commit): time stands still until it is done. */
  async standStill<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  /** Runs every event up to `endMs`. What an event sets in motion comes to rest before the next one. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#pop();
      this.#nowMs = next.atMs;
      await next.run();
      // One turn of the event loop drains all promises that wait for nothing real.
      do await turn();
      while (this.#busy > 0);
      this.afterEvent();
    }
    this.#nowMs = endMs;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const smaller = right < heap.length && this.#before(right, left) ? right : left;
      if (smaller >= heap.length || !this.#swapIfBefore(smaller, at)) return;
      at = smaller;
    }
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
  }

  #swapIfBefore(a: number, b: number): boolean {
    if (!this.#before(a, b)) return false;
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one !== undefined && other !== undefined) [this.#heap[a], this.#heap[b]] = [other, one];
    return true;
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
