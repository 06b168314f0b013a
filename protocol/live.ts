/** Which of a host's VMs exist today: one rule for the host and for its clients. Pure functions. */

/** What the rule looks at: a VM of the mint API, or a row of the host's database. */
export interface Lifetime {
  readonly stack: string;
  /** empty for a machine that no stack has: one that joined, or was taken back by its certificate */
  readonly urn: string;
  readonly seedId: string | Uint8Array;
  readonly committedAt: number;
  readonly claimedAt: number | null;
  readonly instanceId: string | null;
  readonly revokedAt?: number | null | undefined;
  readonly goneAt?: number | null | undefined;
}

/** Whether its stack has no such machine any more. */
export const isGone = ({ goneAt }: Pick<Lifetime, "goneAt">): boolean => goneAt !== undefined && goneAt !== null;

/** Whether there is such a machine, as far as the host knows, and the host still serves it. */
export const isLive = (vm: Lifetime): boolean => (vm.revokedAt === undefined || vm.revokedAt === null) && !isGone(vm);

/**
 * The place that VMs take one after the other: a resource of a stack, whatever its machines are called. Without a name of
 * its own a droplet has another one after each replacement (`web-1a2b3c4`). A machine without a URN has a place for itself.
 */
export const slotOf = ({ stack, urn, seedId }: Pick<Lifetime, "stack" | "urn" | "seedId">): string =>
  JSON.stringify(
    urn === "" ? [typeof seedId === "string" ? seedId : Buffer.from(seedId).toString("hex")] : [stack, urn],
  );

/** A seed that was only committed has replaced nothing yet: the create may have failed. */
const exists = ({ instanceId, claimedAt }: Lifetime): boolean => instanceId !== null || claimedAt !== null;

/** The first of the newest of each slot. */
function newestOf<T extends Lifetime>(vms: readonly T[]): Map<string, T> {
  const newest = new Map<string, T>();
  for (const vm of vms) {
    const slot = slotOf(vm);
    const known = newest.get(slot);
    if (known === undefined || vm.committedAt > known.committedAt) newest.set(slot, vm);
  }
  return newest;
}

/**
 * Without the machines that are gone or were replaced since: their addresses may be a stranger's by now.
 *
 * @returns of each slot the newest VM that exists, and the newest seed if it is only committed so far; in the given order
 */
export function currentOf<T extends Lifetime>(all: readonly T[]): T[] {
  const vms = all.filter((vm) => !isGone(vm));
  const current = new Set([...newestOf(vms.filter(exists)).values(), ...newestOf(vms).values()]);
  return vms.filter((vm) => current.has(vm));
}
