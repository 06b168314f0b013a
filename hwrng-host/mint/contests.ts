/**
 * Names and addresses that several live VMs of this host have. A name is what a program or a joining machine gives, an
 * address what a program tells: neither proves that the key of one VM belongs there rather than that of another.
 */
import { type Contest, currentOf, type Holder, isLive, slotOf, toHex, wordsOf } from "@bootseed/protocol";
import type { MintClientRow, VmOutline } from "../store/store.ts";

/** Named for each VM: a name that a whole fleet has must not make an answer of the square of its size. */
const MAX_OTHERS = 8;

type Held = { readonly row: VmOutline; readonly kind: Contest["kind"] };

/** Accounts whose commits are the operator's own. */
export function adminAccounts(clients: readonly MintClientRow[]): ReadonlySet<string> {
  const admins = clients.filter(({ role }) => role === "admin");
  return new Set(["local", ...admins.map(({ clientId }) => `client:${toHex(clientId)}`)]);
}

/** A join is not signed by its identity: until a report or a hello came, the identity may be another machine's. */
const isProven = ({ joined, reportedAt, lastTopUp }: VmOutline): boolean =>
  !joined || reportedAt !== null || lastTopUp !== null;

/** What two rows of one machine have in common: a droplet and its successor, a machine that joined twice. */
const machinesOf = (row: VmOutline): readonly string[] =>
  row.identityPk !== null && isProven(row) ? [slotOf(row), toHex(row.identityPk)] : [slotOf(row)];

/** @returns of each row its machine: rows that have anything in common, also by way of a third row, are one */
function machineOf(rows: readonly VmOutline[]): Map<VmOutline, string> {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up;
    // What lies on the way is set to the root itself, so that no way becomes long.
    for (let at = key; at !== root;) {
      const up = parents.get(at) ?? root;
      parents.set(at, root);
      at = up;
    }
    return root;
  };
  const slots = rows.map((row) => {
    const [slot = "", identity] = machinesOf(row);
    if (identity !== undefined && rootOf(slot) !== rootOf(identity)) parents.set(rootOf(slot), rootOf(identity));
    return [row, slot] as const;
  });
  return new Map(slots.map(([row, slot]) => [row, rootOf(slot)]));
}

/** All that exist, enrolled or not, and the seeds of other clients than the operator's, which are no VMs yet. */
function contestants(rows: readonly VmOutline[], admins: ReadonlySet<string>): VmOutline[] {
  const exists = (row: VmOutline): boolean => row.claimedAt !== null || row.instanceId !== null;
  return currentOf(rows).filter((row) => isLive(row) && (exists(row) || !admins.has(row.client)));
}

function heldWords(rows: readonly VmOutline[]): Map<string, Held[]> {
  const words = new Map<string, Held[]>();
  const add = (word: string, held: Held): void => {
    const known = words.get(word);
    if (known === undefined) words.set(word, [held]);
    else known.push(held);
  };
  for (const row of rows) {
    for (const [word, kind] of wordsOf(row)) add(word, { row, kind });
  }
  return words;
}

/** @returns by machine, for each of several that have one word: rows of the others, at most {@link MAX_OTHERS} */
function othersOf(
  held: readonly Held[],
  machines: ReadonlyMap<VmOutline, string>,
): Map<string | undefined, VmOutline[]> {
  const keys = new Set(held.map(({ row }) => machines.get(row)));
  const others = new Map<string | undefined, VmOutline[]>();
  for (const key of keys.size < 2 ? [] : keys) {
    const rows: VmOutline[] = [];
    for (const { row } of held) {
      if (machines.get(row) !== key) rows.push(row);
      if (rows.length === MAX_OTHERS) break;
    }
    others.set(key, rows);
  }
  return others;
}

function holder({ name, stack, seedId, joined, claimedAt, committedAt }: VmOutline, isVisible: boolean): Holder {
  if (!isVisible) return { name: null, stack: null, seedId: null, joined, since: null };
  return { name, stack, seedId: toHex(seedId), joined, since: claimedAt ?? committedAt };
}

/**
 * @param rows every VM of this host, also those that the client may not see
 * @param admins from {@link adminAccounts}
 * @param maySee whether the client that asks may see VMs of a stack: of others it learns that there is one
 * @returns by row; a row without a contest is left out
 */
export function contestsOf(
  rows: readonly VmOutline[],
  admins: ReadonlySet<string>,
  maySee: (stack: string) => boolean,
): Map<VmOutline, Contest[]> {
  const contests = new Map<VmOutline, Contest[]>();
  const live = contestants(rows, admins);
  const machines = machineOf(live);
  for (const [word, held] of heldWords(live)) {
    if (held.length < 2) continue;
    const others = othersOf(held, machines);
    const kind = held.every((one) => one.kind === "name") ? "name" : "address";
    const seen = new Map(
      [...others].map(([machine, rest]) => [machine, rest.map((other) => holder(other, maySee(other.stack)))]),
    );
    for (const { row } of held) {
      const strangers = seen.get(machines.get(row));
      if (strangers === undefined) continue;
      contests.set(row, [...(contests.get(row) ?? []), { word, kind, others: strangers }]);
    }
  }
  return contests;
}
