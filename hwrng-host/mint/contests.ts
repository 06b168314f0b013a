/**
 * Names and addresses that several live VMs of this host have. A name is what a program or a joining machine gives, an
 * address what a program tells: neither proves that the key of one VM belongs there rather than that of another.
 */
import { type Contest, currentOf, type Holder, isLive, slotOf, toHex, wordsOf } from "@bootseed/protocol";
import type { MintClientRow, VmRow } from "../store/store.ts";

/** Named for each VM: a name that a whole fleet has must not make an answer of the square of its size. */
const MAX_OTHERS = 8;

type Held = { readonly row: VmRow; readonly kind: Contest["kind"] };

/** Accounts whose commits are the operator's own. */
export function adminAccounts(clients: readonly MintClientRow[]): ReadonlySet<string> {
  const admins = clients.filter(({ role }) => role === "admin");
  return new Set(["local", ...admins.map(({ clientId }) => `client:${toHex(clientId)}`)]);
}

/** A join is not signed by its identity: until a report or a hello came, the identity may be another machine's. */
const isProven = ({ joined, reportedAt, lastTopUp }: VmRow): boolean =>
  !joined || reportedAt !== null || lastTopUp !== null;

/** What two rows of one machine have in common: a droplet and its successor, a machine that joined twice. */
const machinesOf = (row: VmRow): readonly string[] =>
  row.identityPk !== null && isProven(row) ? [slotOf(row), toHex(row.identityPk)] : [slotOf(row)];

function sameMachine(a: VmRow, b: VmRow): boolean {
  const machines = machinesOf(a);
  return machinesOf(b).some((machine) => machines.includes(machine));
}

/** All that exist, enrolled or not, and the seeds of other clients than the operator's, which are no VMs yet. */
function contestants(rows: readonly VmRow[], admins: ReadonlySet<string>): VmRow[] {
  const exists = (row: VmRow): boolean => row.claimedAt !== null || row.instanceId !== null;
  return currentOf(rows).filter((row) => isLive(row) && (exists(row) || !admins.has(row.client)));
}

function heldWords(rows: readonly VmRow[]): Map<string, Held[]> {
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

function othersOf(row: VmRow, held: readonly Held[]): VmRow[] {
  const others: VmRow[] = [];
  for (const other of held) {
    if (other.row !== row && !sameMachine(other.row, row)) others.push(other.row);
    if (others.length === MAX_OTHERS) break;
  }
  return others;
}

function holder({ name, stack, seedId, joined, claimedAt, committedAt }: VmRow, isVisible: boolean): Holder {
  if (!isVisible) return { name: null, stack: null, seedId: null, joined, since: null };
  return { name, stack, seedId: toHex(seedId), joined, since: claimedAt ?? committedAt };
}

/**
 * @param rows every VM of this host, whoever asks
 * @param admins from {@link adminAccounts}
 * @param maySee whether the client that asks may see VMs of a stack: of others it learns that there is one
 * @returns by row; a row without a contest is left out
 */
export function contestsOf(
  rows: readonly VmRow[],
  admins: ReadonlySet<string>,
  maySee: (stack: string) => boolean,
): Map<VmRow, Contest[]> {
  const contests = new Map<VmRow, Contest[]>();
  for (const [word, held] of heldWords(contestants(rows, admins))) {
    if (held.length < 2) continue;
    for (const { row } of held) {
      const others = othersOf(row, held);
      if (others.length === 0) continue;
      const kind = held.every((one) => one.kind === "name") ? "name" : "address";
      const contest: Contest = { word, kind, others: others.map((other) => holder(other, maySee(other.stack))) };
      contests.set(row, [...(contests.get(row) ?? []), contest]);
    }
  }
  return contests;
}
