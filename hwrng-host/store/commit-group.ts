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

  constructor(db: Database) {
    this.#db = db;
  }

  /** Somebody will write soon: others wait for it, a few milliseconds. @returns call it when that is over */
  enter(): () => void {
    this.#underWay++;
    return () => void this.#underWay--;
  }

  /**
   * @param work writes, synchronously; undone alone when it throws
   * @returns its result, after the commit
   * @throws what `work` threw, or HostError "storage-failed" for every part when the commit fails
   */
  async run<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let result: T;
    this.#parts.push({ run: () => (result = work()), done: () => resolve(result), failed: reject });
    if (this.#parts.length >= this.#underWay) this.#soon();
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
    if (parts.length === 0) return;
    try {
      const good = this.#db.transaction(() => parts.filter((part) => this.#attempt(part)));
      for (const part of good) part.done();
    } catch (error) {
      for (const part of parts) part.failed(error);
    }
  }

  #attempt({ run, failed }: Part): boolean {
    try {
      this.#db.transaction(run);
      return true;
    } catch (error) {
      // SQLite ended the whole transaction: the parts before this one are gone too.
      if (!this.#db.inTransaction) throw error;
      failed(error);
      return false;
    }
  }
}
