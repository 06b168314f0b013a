/** Every refusal is counted; of a flood, a part is logged: a log that fills the disk would stop the host. */
import type { Log } from "../host-context.ts";

/** Lines per minute, kind and code: what strangers send in masses must not hide what a VM needs; the rest is counted and told in one line. */
const LINES_PER_MINUTE = 60;
const MINUTE = 60;
/** A reason may quote what a stranger sent. */
const MAX_REASON = 300;

type Window = { since: number; lines: number; dropped: number };

export class Refusals {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  readonly #windows = new Map<string, Window>();

  /** @param now seconds */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * @param kind of request: `claims`, `packets`, `tcp`, …
   * @param code of a closed set, for programs
   * @param reason for people; never a secret
   * @param vm seedId of the VM that proved itself, in hexadecimal
   */
  count(kind: string, code: string, reason: string, vm?: string): void {
    const key = `${kind}.${code}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    const now = this.#now();
    let window = this.#windows.get(key);
    if (window === undefined || now < window.since || now >= window.since + MINUTE) {
      if (window !== undefined && window.dropped > 0)
        this.#log.warn(
          { kind, code, dropped: window.dropped },
          "more refusals than are logged: see the counters in status",
        );
      window = { since: now, lines: 0, dropped: 0 };
      this.#windows.set(key, window);
    }
    if (window.lines >= LINES_PER_MINUTE) {
      window.dropped++;
      return;
    }
    window.lines++;
    const seedId = vm === undefined ? {} : { seedId: vm };
    this.#log.info({ kind, code, ...seedId, reason: reason.slice(0, MAX_REASON) }, "refused");
  }

  /** Counts since the service started, by `kind.code`. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
