/** The invariants, checked while a world runs. It sees what left a host and what a guest's kernel got, nothing else. */
import { createHash } from "node:crypto";
import type { HostNode } from "./host-node.ts";
import type { Ledger } from "./ledger.ts";

type Pair = {
  readonly vm: string;
  readonly host: HostNode;
  /** Since when this VM and this host could have met undisturbed; true milliseconds. */
  undisturbedMs: number;
  acceptedMs: number;
  /** Highest counter that the guest took since its disk was last rolled back. */
  counter: number;
  /** Digests of all packets that the guest ever took. */
  readonly taken: Set<string>;
  /** Times of acceptance within the last day. */
  recent: number[];
};

/** 8 a day and 2 at once: what a day of 24 h can hold at most. */
const MAX_PER_DAY = 10;
const DAY_MS = 86_400_000;

export type WatchOptions = {
  /** Each host with the VMs that are enrolled there. */
  readonly pairs: readonly (readonly [HostNode, readonly string[]])[];
  readonly ledger: Ledger;
  readonly nowMs: () => number;
  /** Longest that an undisturbed pair may be without a delivery. */
  readonly withinMs: number;
  /** Whether the two could meet now, and whether this host keeps its word. */
  readonly meet: (vm: string, host: HostNode) => boolean;
};

export class Watch {
  readonly #options: WatchOptions;
  readonly #pairs = new Map<string, Pair>();
  /** Highest counter sent, by host, history of its database, and VM. */
  readonly #sent = new Map<string, number>();

  constructor(options: WatchOptions) {
    this.#options = options;
    for (const [host, vms] of options.pairs)
      for (const vm of vms)
        this.#pairs.set(`${vm} ${host.name}`, {
          vm,
          host,
          undisturbedMs: 0,
          acceptedMs: 0,
          counter: 0,
          taken: new Set(),
          recent: [],
        });
  }

  /** A packet left the host. */
  sent(host: HostNode, vm: string, counter: number): void {
    const key = `${host.name}#${host.history} ${vm}`;
    const before = this.#sent.get(key) ?? 0;
    if (counter <= before)
      this.#options.ledger.violated(`${host.name} reused counter ${counter} for ${vm}: ${before} had left`, vm);
    this.#sent.set(key, counter);
    this.#options.ledger.count("packets sent");
  }

  /** A guest's kernel mixed a chunk that came in this packet. */
  accepted(vm: string, host: HostNode, packet: Uint8Array, counter: number): void {
    const { ledger, nowMs } = this.#options;
    const pair = this.#pair(vm, host.name);
    const digest = digestOf(packet);
    if (pair.taken.has(digest)) ledger.violated(`${vm} took one packet of ${host.name} twice`, vm);
    if (counter <= pair.counter)
      ledger.violated(`${vm} took counter ${counter} of ${host.name} after ${pair.counter}`, vm);
    pair.taken.add(digest);
    pair.counter = counter;
    pair.acceptedMs = nowMs();
    pair.recent = [...pair.recent.filter((atMs) => atMs > nowMs() - DAY_MS), nowMs()];
    if (pair.recent.length > MAX_PER_DAY * (1 + host.history))
      ledger.violated(`${vm} got ${pair.recent.length} packets of ${host.name} within a day`, vm);
    ledger.count("deliveries");
  }

  /** Whether this VM took this very packet, of whatever host. */
  took(vm: string, packet: Uint8Array): boolean {
    const digest = digestOf(packet);
    return this.#options.pairs.some(([{ name }]) => this.#pairs.get(`${vm} ${name}`)?.taken.has(digest) ?? false);
  }

  /** What a guest finds on its disk after a loss of power. */
  cameUp(vm: string, host: string, counterOnDisk: number): void {
    const { counter } = this.#pair(vm, host);
    if (counterOnDisk < counter)
      this.#options.ledger.violated(`${vm} mixed counter ${counter} of ${host}; its disk says ${counterOnDisk}`, vm);
  }

  /** The disk is an older one by somebody's hand: counters below are no fault of the guest. */
  rolledBack(vm: string, host: string, counterOnDisk: number): void {
    this.#pair(vm, host).counter = counterOnDisk;
  }

  /** @param vm null: every VM @param host null: every host */
  disturbed(vm: string | null, host: string | null): void {
    const some = vm !== null && host !== null ? [this.#pair(vm, host)] : this.#pairs.values();
    for (const pair of some)
      if ((vm ?? pair.vm) === pair.vm && (host ?? pair.host.name) === pair.host.name)
        pair.undisturbedMs = this.#options.nowMs();
  }

  /** Every reachable VM was topped up within one interval of its recovery. */
  check(): void {
    const { ledger, meet, nowMs, withinMs } = this.#options;
    for (const pair of this.#pairs.values()) {
      const { vm, host } = pair;
      if (!meet(vm, host)) pair.undisturbedMs = nowMs();
      const sinceMs = nowMs() - Math.max(pair.undisturbedMs, pair.acceptedMs);
      if (sinceMs <= withinMs) continue;
      const hours = (sinceMs / 3_600_000).toFixed(2);
      ledger.violated(`${vm} got nothing of ${host.name} for ${hours} h, though nothing kept them apart`, vm);
    }
  }

  /** Deliveries of a pair after a time. */
  acceptedSince(vm: string, host: string, sinceMs: number): number {
    return this.#pair(vm, host).recent.filter((atMs) => atMs > sinceMs).length;
  }

  #pair(vm: string, host: string): Pair {
    const pair = this.#pairs.get(`${vm} ${host}`);
    if (pair === undefined) throw new Error(`no such pair: ${vm} ${host}`);
    return pair;
  }
}

function digestOf(packet: Uint8Array): string {
  return createHash("sha256").update(packet).digest("base64");
}
