/** Which VMs are not known to hold the newest statement, and so may know only old addresses, pins and keys of the host. */
import type { Vm } from "@bootseed/protocol";

type Held = Pick<Vm, "committedAt" | "claimedAt" | "revokedAt" | "goneAt" | "statementSerial">;

/** A reservation, and so a statement in user-data, may be this old when its seed is committed; and a seed when it is claimed. */
const DAY = 86_400;

/**
 * @param serial of the newest statement: the time when it was signed, in seconds since 1970, or 1
 * @param now seconds since 1970
 * @returns true for an enrolled VM that no packet has shown to hold it, and for a seed that can still be claimed and may
 * have an older statement in its user-data; false for all that dial the host no more
 */
export function isBehind(vm: Held, serial: number, now: number): boolean {
  if ((vm.revokedAt ?? null) !== null || (vm.goneAt ?? null) !== null) return false;
  if (vm.claimedAt === null) return vm.committedAt > now - DAY && vm.committedAt < serial + DAY;
  return (vm.statementSerial ?? 0) < serial;
}
