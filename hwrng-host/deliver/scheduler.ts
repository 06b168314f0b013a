/**
 * When VMs are dialled. The times are in the database; one tick a second takes what is due, in batches; at most
 * `concurrency` connections are open. Nothing here grows with the number of VMs.
 */
import { toHex } from "@bootseed/protocol";
import type { Log } from "../host-context.ts";
import type { PushResult, PushTarget } from "../store/push-store.ts";
import type { Store } from "../store/store.ts";
import type { DialResult } from "./dial.ts";

/** A VM that was taken is due again after this, whatever becomes of this process. */
const LEASE_SECONDS = 60;

type Outcome = DialResult["outcome"];
type Follow = { readonly recorded: PushResult["outcome"]; readonly share: number };

/** What the schedule makes of an outcome, and after which share of the interval it dials again. */
const FOLLOWS: Record<Outcome, Follow> = {
  delivered: { recorded: "delivered", share: 1 },
  // Whoever proved to be the VM is no failed handshake.
  unacknowledged: { recorded: "delivered", share: 1 / 4 },
  limited: { recorded: "delivered", share: 1 },
  failed: { recorded: "failed", share: 1 / 4 },
  unreachable: { recorded: "unreachable", share: 1 / 4 },
  forbidden: { recorded: "postponed", share: 1 },
  // No entropy, a full disk.
  postponed: { recorded: "postponed", share: 1 / 60 },
};

export type SchedulerInput = {
  readonly store: Pick<Store, "push" | "together">;
  /** Wall clock, seconds. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly intervalSeconds: number;
  /** Connections at once. */
  readonly concurrency: number;
  readonly dial: (target: PushTarget, signal: AbortSignal) => Promise<DialResult>;
  readonly log: Log;
};

export class PushScheduler {
  readonly #input: SchedulerInput;
  readonly #stop = new AbortController();
  readonly #active = new Set<Promise<void>>();
  readonly #counters = new Map<string, number>();
  readonly #results: PushResult[] = [];
  #turning: Promise<void> | null = null;

  constructor(input: SchedulerInput) {
    this.#input = input;
  }

  /** Connections so far by what came of them: "delivered", "failed: bad-signature", … */
  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counters].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Called by one clock, once a second. */
  tick(): void {
    this.#turning ??= this.#turn();
  }

  /** Ends what is under way and records it. */
  async close(): Promise<void> {
    this.#stop.abort();
    while (this.#active.size > 0 || this.#turning !== null) {
      await this.#turning;
      await Promise.all(this.#active);
    }
  }

  /** Records what is finished and fills the free places, in one transaction. */
  async #turn(): Promise<void> {
    try {
      let settled = 0;
      const { stale, taken } = await this.#input.store.together(() => {
        settled = this.#results.length;
        return this.#exchange();
      });
      this.#results.splice(0, settled);
      for (const { seedId, address } of stale) {
        this.#input.log.warn({ seedId: toHex(seedId), address }, "VM no longer dialled: set its address again");
      }
      // What is not dialled comes again when its lease ends.
      if (!this.#stop.signal.aborted) for (const target of taken) this.#begin(target);
    } catch (error) {
      this.#input.log.error({ err: error }, "push schedule");
      this.#turning = null;
      return;
    }
    this.#turning = this.#results.length === 0 ? null : this.#turn();
  }

  #exchange(): { stale: PushTarget[]; taken: PushTarget[] } {
    const { store, intervalSeconds, concurrency } = this.#input;
    const now = this.#input.now();
    const stale = this.#results.length === 0 ? [] : store.push.settle(this.#results, now);
    const free = this.#stop.signal.aborted ? 0 : concurrency - this.#active.size;
    const horizon = now + intervalSeconds + LEASE_SECONDS;
    return { stale, taken: free === 0 ? [] : store.push.take(now, free, now + LEASE_SECONDS, horizon) };
  }

  #begin(target: PushTarget): void {
    const work = this.#deliver(target).finally(() => {
      this.#active.delete(work);
      // Not at the next tick: a backlog is worked off as fast as it goes.
      this.tick();
    });
    this.#active.add(work);
  }

  async #deliver(target: PushTarget): Promise<void> {
    const { dial, log, now, intervalSeconds } = this.#input;
    const { seedId, address, failures } = target;
    const { outcome, code, reason } = await dial(target, this.#stop.signal);
    if (outcome !== "delivered") log.info({ seedId: toHex(seedId), address, outcome, reason }, "push");
    const name = outcome === "delivered" ? outcome : `${outcome}: ${code}`;
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
    const { recorded, share } = FOLLOWS[outcome];
    // Jitter keeps VMs apart that were set, or came back, at one time; more failures wait longer, never over an interval.
    const jitter = 0.8 + 0.2 * this.#input.random();
    const delay = Math.ceil(intervalSeconds * Math.min(1, share * 2 ** failures) * jitter);
    this.#results.push({ seedId, address, outcome: recorded, nextAt: now() + delay });
  }
}
