/** VMs of a host by a filter: pages of a host that knows filters, the whole of one that does not. */
import {
  dependsOnTime,
  filterQuery,
  filterVms,
  MAX_FILTER_HOSTS,
  type Vm,
  type VmFilter,
  type VmsAnswer,
} from "@bootseed/protocol";

/** Asks `GET /v1/vms` with a query. */
export type AskVms = (query: string) => Promise<VmsAnswer>;

/** VMs that fit a filter, and what a command has to know beside them. */
export interface VmList {
  readonly vms: readonly Vm[];
  /** by the host's clock, seconds since 1970; an older host's is not known: this machine's */
  readonly now: number;
  /** VMs and seeds that would fit and that an operator took out of the lists; null: an older host does not tell */
  readonly forgotten: number | null;
  /** for what changes from now on; undefined: the host tells no changes */
  readonly revision: string | undefined;
  /** Only what changed since the revision that was asked for. */
  readonly partial: boolean;
  /** How many fit, sent or not. */
  readonly total: number;
  /** Whether the host took no notice of the filter: it is older, and tells no client, clock or interval. */
  readonly isOld: boolean;
}

/** A page of 2,000 VMs is about 2 MB. */
const PAGE = 2_000;

/** What a host takes as one word. */
const MAX_HOST_CHARS = 256;

const DEFAULT_INTERVAL_MS = 6 * 3600 * 1000;

/** @param since the revision of an earlier answer */
export async function vmList(
  ask: AskVms,
  asked: VmFilter,
  { withoutKeys = false, since }: { withoutKeys?: boolean; since?: string | undefined } = {},
): Promise<VmList> {
  // More or longer words than a query takes: then all are read, and filtered here.
  const hosts = asked.hosts ?? [];
  const isLong = hosts.length > MAX_FILTER_HOSTS || hosts.some((host) => host === "" || host.length > MAX_HOST_CHARS);
  const query = filterQuery(isLong ? { ...asked, hosts: undefined } : asked);
  if (withoutKeys) query.set("keys", "no");
  if (since !== undefined) query.set("since", since);
  query.set("limit", String(PAGE));
  const first = await ask(query.toString());
  const vms = [...first.vms];
  for (let { next } = first; typeof next === "string";) {
    query.set("after", next);
    const page = await ask(query.toString());
    vms.push(...page.vms);
    ({ next } = page);
  }
  const isOld = first.now === undefined;
  const clock = { now: first.now ?? Date.now() / 1000, intervalMs: first.intervalMs ?? DEFAULT_INTERVAL_MS };
  const found = isOld || isLong ? filterVms(vms, asked, clock) : vms;
  return {
    vms: found,
    now: clock.now,
    forgotten: first.forgotten ?? null,
    // What changes between two pages is told from the first one's revision on.
    revision: isLong || dependsOnTime(asked) ? undefined : first.revision,
    partial: first.partial === true,
    total: isOld || isLong ? found.length : (first.total ?? found.length),
    isOld,
  };
}
