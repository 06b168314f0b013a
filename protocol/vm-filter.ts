/**
 * Which VMs a list is about: one rule for the host, which answers only these, and for the client, whose host may be of
 * an older version and answer all. Pure functions.
 */
import { wordsOf } from "./contest.ts";
import { hostKeyWord } from "./host-word.ts";
import { listedState, type ListedState, type Stateful } from "./listed-state.ts";
import { isLive, type Lifetime, slotOf } from "./live.ts";

/** All that are given have to fit. `*` in a text stands for any characters, also none. */
export interface VmFilter {
  readonly stack?: string | undefined;
  readonly name?: string | undefined;
  /** who had the seed minted, as in `Vm.client` */
  readonly client?: string | undefined;
  /** one of these */
  readonly states?: readonly ListedState[] | undefined;
  /** names, addresses, seedIds or instance ids; with each VM come the others of its place, which may have replaced it */
  readonly hosts?: readonly string[] | undefined;
  /** its seed was committed at least so many seconds ago */
  readonly olderThanSeconds?: number | undefined;
  /** no top-up for longer than it has to ask */
  readonly stale?: boolean | undefined;
  /** also VMs and seeds that an operator took out of the lists */
  readonly forgotten?: boolean | undefined;
}

/** What a filter looks at: a VM of the mint API, or a row of the host's database. */
export interface Filtered extends Stateful, Lifetime {
  readonly name: string;
  readonly addresses: readonly string[];
  /** null: no client; undefined: an older host, which does not tell */
  readonly client?: string | null | undefined;
  readonly lastTopUp: { readonly at: number } | null;
}

/** By the host: its clock, in seconds since 1970, and how often its VMs ask. */
export interface FilterClock {
  readonly now: number;
  readonly intervalMs: number;
}

/** One request may be lost, and the VM asks again an interval later. */
const STALE_AFTER_INTERVALS = 2;

/** Whether a VM that is enrolled has had no top-up for more than two intervals. */
export function isStale(vm: Filtered, { now, intervalMs }: FilterClock): boolean {
  if (!isLive(vm) || vm.claimedAt === null) return false;
  return now - (vm.lastTopUp?.at ?? vm.claimedAt) > (STALE_AFTER_INTERVALS * intervalMs) / 1000;
}

/**
 * @param pattern `*` for any characters
 * @example matcherOf("acme/*")("acme/web/prod") // true
 */
export function matcherOf(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  // Without a regular expression: a pattern of many stars would take for ever.
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}

const hexOf = (seedId: string | Uint8Array): string =>
  typeof seedId === "string" ? seedId : Buffer.from(seedId).toString("hex");

/**
 * @param wanted names, seedIds, instance ids or addresses, these in any spelling; each word and each VM is read once, since
 * a list has thousands of VMs
 * @returns the VMs that any of them means
 */
function meantBy<T extends Filtered>(vms: readonly T[], wanted: readonly string[]): T[] {
  const [words, hostKeyWords] = [new Set(wanted), new Set(wanted.map(hostKeyWord))];
  return vms.filter(
    (vm) =>
      words.has(vm.name) ||
      (vm.instanceId !== null && words.has(vm.instanceId)) ||
      vm.addresses.some((address) => words.has(address)) ||
      words.has(hexOf(vm.seedId)) ||
      [...wordsOf(vm).keys()].some((word) => hostKeyWords.has(word)),
  );
}

/** Whether a word means this VM: its seedId, instance id, name or address, an address in any spelling. */
export const isMeant = (vm: Filtered, wanted: string): boolean => meantBy([vm], [wanted]).length > 0;

/** With the others of their places: a client decides which of them is the VM of today. */
function withPlaces<T extends Filtered>(vms: readonly T[], hosts: readonly string[]): T[] {
  const places = new Set(meantBy(vms, hosts).map(slotOf));
  return vms.filter((vm) => places.has(slotOf(vm)));
}

/** @returns those that fit, in the given order */
export function filterVms<T extends Filtered>(vms: readonly T[], filter: VmFilter, clock: FilterClock): T[] {
  const { states, hosts, olderThanSeconds, stale, forgotten } = filter;
  const [stack, name, client] = [filter.stack, filter.name, filter.client].map((pattern) =>
    pattern === undefined ? (): boolean => true : matcherOf(pattern),
  );
  const found = vms.filter(
    (vm) =>
      (forgotten === true || vm.forgottenAt === undefined || vm.forgottenAt === null) &&
      stack?.(vm.stack) === true &&
      name?.(vm.name) === true &&
      client?.(vm.client ?? "") === true &&
      (states === undefined || states.includes(listedState(vm))) &&
      (olderThanSeconds === undefined || clock.now - vm.committedAt >= olderThanSeconds) &&
      (stale !== true || isStale(vm, clock)),
  );
  return hosts === undefined ? found : withPlaces(found, hosts);
}

/** What passes with time alone: no change of a VM tells that it fits now. */
export const dependsOnTime = ({ olderThanSeconds, stale }: VmFilter): boolean =>
  olderThanSeconds !== undefined || stale === true;

/** Most VMs of one answer with a limit. */
export const MAX_PAGE_VMS: number = 5_000;

/** Most words of one query. */
export const MAX_FILTER_HOSTS: number = 64;

/**
 * The query of `GET /v1/vms` for a filter.
 *
 * @example filterQuery({ stack: "acme/*", states: ["gone"] }).toString() // "stack=acme%2F*&state=gone"
 */
export function filterQuery(filter: VmFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const key of ["stack", "name", "client"] as const) {
    const pattern = filter[key];
    if (pattern !== undefined) query.set(key, pattern);
  }
  for (const state of filter.states ?? []) query.append("state", state);
  for (const host of filter.hosts ?? []) query.append("host", host);
  if (filter.olderThanSeconds !== undefined) query.set("olderThan", String(filter.olderThanSeconds));
  if (filter.stale === true) query.set("stale", "yes");
  if (filter.forgotten === true) query.set("forgotten", "yes");
  return query;
}
