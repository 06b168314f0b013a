/** What happened in a world: counts for the reader, a hash of everything in order for the replay, broken invariants. */
import { createHash } from "node:crypto";

/** What the simulation does to hosts, guests and the network between them. */
export const FAULTS = [
  "request lost",
  "answer lost",
  "request duplicated",
  "request replayed late",
  "answer of an earlier request",
  "request damaged",
  "answer damaged",
  "slow answer",
  "VM cut off",
  "host cut off",
  "host killed before the commit",
  "host killed after the commit",
  "host restarted",
  "host dead for days",
  "host lying",
  "host database restored",
  "host folder restored",
  "host database lost",
  "host clock jumped",
  "statement rotated",
  "host moved",
  "guest crashed",
  "guest disk rolled back",
  "guest clock jumped",
  "guest asleep",
  "receipts lost in a row",
] as const;

export type Fault = (typeof FAULTS)[number];

/** An invariant that did not hold, with when and where. */
export class Violation extends Error {}

export class Ledger {
  readonly #hash = createHash("sha256");
  readonly #faults = new Map<string, number>(FAULTS.map((fault) => [fault, 0]));
  readonly #counts = new Map<string, number>();
  readonly #nowMs: () => number;
  #unexpected: unknown = null;
  /** The last lines, for the reader of a violation. */
  readonly #tail: string[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** One line of the trace; it holds nothing that a second run would not make again (no key, no ciphertext). */
  trace(line: string): void {
    const timed = `${(this.#nowMs() / 3_600_000).toFixed(4)} h ${line}`;
    this.#hash.update(`${timed}\n`);
    this.#tail.push(timed);
    if (this.#tail.length > 40_000) this.#tail.splice(0, 20_000);
  }

  fault(kind: Fault, where: string): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    this.trace(`FAULT ${kind}: ${where}`);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? this.#faults.get(what) ?? 0;
  }

  /** @param about ends of the names of the machines concerned: the trace is shown for them */
  violated(message: string, ...about: string[]): never {
    const lines = this.#tail.filter((line) => about.some((name) => line.includes(name))).slice(-40);
    const violation = new Violation(`${(this.#nowMs() / 3_600_000).toFixed(2)} h: ${message}\n${lines.join("\n")}`);
    // The code under test may catch what is thrown through it.
    this.remember(violation);
    throw violation;
  }

  /** An error that the code under test did not mean to throw: the world ends after this event. */
  remember(error: unknown): void {
    this.#unexpected ??= error;
  }

  /** @throws what was remembered */
  rethrow(): void {
    if (this.#unexpected !== null) throw this.#unexpected;
  }

  get traceHash(): string {
    return this.#hash.copy().digest("hex");
  }

  get faults(): ReadonlyMap<string, number> {
    return this.#faults;
  }

  get counts(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
