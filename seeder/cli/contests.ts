/** Names and addresses that several live VMs have, as a host reports them, in words for an operator. */
import { type Contest, currentOf, type Holder, isLive, type Vm, wordsOf } from "@bootseed/protocol";

const iso = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

const holderOf = ({ name, stack, seedId, joined = false, claimedAt, committedAt }: Vm): Holder => ({
  name,
  stack,
  seedId,
  joined,
  since: claimedAt ?? committedAt,
});

/** A host of an older version reports no contests: compare the VMs that it shows. One stack vouches for all of its own. */
function foundHere(vm: Vm, vms: readonly Vm[]): Contest[] {
  const strangers = vms.filter((other) => other !== vm && (other.stack !== vm.stack || vm.stack === ""));
  return [...wordsOf(vm).keys()].flatMap((word) => {
    const having = strangers.filter((other) => wordsOf(other).has(word));
    const areNames = [vm, ...having].every((one) => wordsOf(one).get(word) === "name");
    return having.length === 0 ? [] : [{ word, kind: areNames ? "name" : "address", others: having.map(holderOf) }];
  });
}

/**
 * Every contest of the VMs that are shown.
 *
 * @param stack given by `--stack`: of VMs outside of it nothing is asked
 * @returns by canonical word; those that have it, the VM itself included
 */
export function contestedWords(vms: readonly Vm[], stack?: string): Map<string, Holder[]> {
  const live = currentOf(vms).filter(isLive);
  const words = new Map<string, Holder[]>();
  for (const vm of live) {
    for (const { word, others } of vm.contested ?? foundHere(vm, live)) {
      const counted = stack === undefined ? others : others.filter((other) => other.stack === stack);
      if (counted.length === 0) continue;
      const known = words.get(word) ?? [];
      const more = [holderOf(vm), ...counted].filter(
        ({ seedId }) => seedId === null || known.every((one) => one.seedId !== seedId),
      );
      words.set(word, [...known, ...more]);
    }
  }
  return words;
}

/** One that has a contested word: its name, where it comes from, since when, and its seedId to revoke it by. */
export function describeHolder({ name, stack, seedId, joined, since }: Holder): string {
  if (name === null || seedId === null || since === null)
    return joined ? "a machine that joined" : "a VM of another stack";
  return `${name} (${joined ? "joined" : `stack ${stack ?? ""}, seeded`} ${iso(since)}, seed ${seedId})`;
}

/** What is reported of a contested word. */
export function contestRemark(word: string, holders: readonly Holder[]): string {
  const who = [...new Set(holders.map(describeHolder))].join(" and ");
  const stacks = new Set(holders.map(({ stack }) => stack)).size > 1 ? "; --stack selects one stack" : "";
  const fix = "on the host, bootseed-host revoke SEED ends the one that must not have it";
  return `${word} is contested by ${who}: nothing is printed for it; ${fix}${stacks}`;
}

/**
 * Why a VM's place in its stack is in doubt. Programs of two stacks may use one name, and two private networks one
 * address: these say nothing against a stack.
 */
export function contestObjections(vm: Vm): string[] {
  return (vm.contested ?? []).flatMap(({ word, kind, others }) => {
    const isPublic = kind === "address" && !isPrivate(word);
    const meant = others.filter(({ stack, joined }) => stack === vm.stack || joined || isPublic);
    return meant.length === 0 ? [] : [`${word} is contested by ${meant.map(describeHolder).join(" and ")}`];
  });
}

/** RFC 1918, RFC 6598, RFC 4193. */
const isPrivate = (word: string): boolean =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:)/.test(
    word,
  );
