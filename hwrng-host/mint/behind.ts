/** Which VMs are not known to hold the newest statement, and so may know only old addresses, pins and keys of the host. */
import type { Vm } from "@bootseed/protocol";

type Held = Pick<Vm, "claimedAt" | "revokedAt" | "goneAt" | "statementSerial">;

/**
 * @param vm an enrolled VM is dialling the host; others are not, and are never behind
 * @param serial of the newest statement
 * @returns true also where the host has seen no packet of it, and does not know what it holds
 */
export function isBehind(vm: Held, serial: number): boolean {
  const dials = vm.claimedAt !== null && (vm.revokedAt ?? null) === null && (vm.goneAt ?? null) === null;
  return dials && (vm.statementSerial ?? 0) < serial;
}
