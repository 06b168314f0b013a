/** Group commit: what many deliveries write in one turn of the event loop becomes durable with one sync. */
import type { Database } from "./database.ts";

type Part = { readonly run: () => void; readonly done: () => void; readonly failed: (error: unknown) => void };

export class CommitGroup {
  readonly #db: Database;
  readonly #soon: (commit: () => void) => void;
  #parts: Part[] = [];

  /** @param soon called once for a group, with what commits it */
  constructor(db: Database, soon: (commit: () => void) => void = setImmediate) {
    this.#db = db;
    this.#soon = soon;
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
    if (this.#parts.length === 1) this.#soon(() => this.#commit());
    return promise;
  }

  #commit(): void {
    const parts = this.#parts;
    this.#parts = [];
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
