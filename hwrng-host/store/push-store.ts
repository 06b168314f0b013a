/** What the host remembers of VMs that it dials. */

/** Where a VM that takes deliveries by `tcp` is dialled. */
export type PushTarget = { readonly seedId: Uint8Array; readonly address: string; readonly failures: number };

export type PushRow = PushTarget & {
  readonly name: string;
  readonly nextAt: number;
  /** Since when it is no longer dialled. */
  readonly staleAt: number | null;
};

/**
 * What came of dialling: `failed` = whoever answered did not prove to be the VM; `unreachable` = nobody answered;
 * `postponed` = our own trouble.
 */
export type PushResult = {
  readonly seedId: Uint8Array;
  /** As it was dialled: a result never touches an address that was set meanwhile. */
  readonly address: string;
  readonly outcome: "delivered" | "failed" | "unreachable" | "postponed";
  readonly nextAt: number;
};

export interface PushStore {
  /** Sets where a VM is dialled and starts anew. @returns false for an unknown seed */
  set(seedId: Uint8Array, address: string, nextAt: number): boolean;
  /** @returns false when it was not there */
  remove(seedId: Uint8Array): boolean;
  /** A stale VM showed itself in another way: it is dialled again. Writes nothing otherwise. */
  seen(seedId: Uint8Array, nextAt: number): void;
  /**
   * Takes up to `limit` VMs that are due, and makes them due again at `until` in case that no result comes.
   * @param horizon later than any time this host sets: a time beyond it means that the clock went back
   */
  take(now: number, limit: number, until: number, horizon: number): PushTarget[];
  /** Three failures in a row, or nothing heard and nobody reached for 30 days, make a VM stale. @returns new stale ones */
  settle(results: readonly PushResult[], now: number): PushTarget[];
  all(): PushRow[];
  counts(): { readonly total: number; readonly stale: number };
}
