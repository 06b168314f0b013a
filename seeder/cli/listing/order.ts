/** The order of every list of VMs: by stack, then by name as people count, then oldest first. */
import type { Vm } from "@bootseed/protocol";

/** Made when it is used first: making it takes longer than all else that a start of `known-hosts` does with its own code. */
let natural: Intl.Collator | undefined;

/** Numbers in names count as numbers: web-2 is before web-10. */
export function byName(a: string, b: string): number {
  natural ??= new Intl.Collator("en", { numeric: true });
  return natural.compare(a, b) || (a < b ? -1 : Number(a > b));
}

/** Machines without a stack are last. */
export function sortedVms(vms: readonly Vm[]): Vm[] {
  return vms.toSorted(
    (a, b) =>
      Number(a.stack === "") - Number(b.stack === "") ||
      byName(a.stack, b.stack) ||
      byName(a.name, b.name) ||
      a.committedAt - b.committedAt ||
      (a.seedId < b.seedId ? -1 : 1),
  );
}
