/** Group commit: what many deliveries write at about one time becomes durable with one sync. */
import type { Database } from "./database.ts";

/** Longest wait for others that are under way: a sync costs about as much time. */
const WAIT_MS = 5;

type Part = { readonly run: () => void; readonly done: () => void; readonly failed: (error: unknown) => void };

export class CommitGroup {
  readonly #db: Database;
  #parts: Part[] = [];
  #underWay = 0;
  #timer: NodeJS.Timeout | null = null;
  #committing = false;
  /** Whether the last commit had more than one part: then the next one waits for company too. */
  #crowded = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Somebody will write soon: others wait for it, a few milliseconds. @returns call it when that is over */
  enter(): () => void {
    this.#underWay++;
    return () => void this.#underWay--;
  }

  /**
   * @param work writes, synchronously, to the database only: when a neighbour throws, it is undone and runs again
   * @returns its result, after the commit
   * @throws what `work` threw, or HostError "storage-failed" when the commit fails
   */
  async run<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let result: T;
    this.#parts.push({ run: () => (result = work()), done: () => resolve(result), failed: reject });
    if (this.#parts.length >= this.#underWay && !this.#crowded) this.#soon();
    else this.#timer ??= setTimeout(() => this.#commit(), WAIT_MS);
    return promise;
  }

  /** At the end of this turn of the event loop: what else comes in it joins. */
  #soon(): void {
    if (this.#committing) return;
    this.#committing = true;
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#committing = false;
    const parts = this.#parts;
    this.#parts = [];
    this.#crowded = parts.length > 1;
    try {
      this.#db.transaction(() => {
        for (const { run } of parts) run();
      });
      for (const { done } of parts) done();
    } catch {
      // Nothing of it happened. One by one, the others get what they would have got without the part that threw.
      for (const part of parts) this.#alone(part);
    }
  }

  #alone({ run, done, failed }: Part): void {
    try {
      this.#db.transaction(run);
      done();
    } catch (error) {
      failed(error);
    }
  }
}
