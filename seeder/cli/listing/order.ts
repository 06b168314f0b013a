/** The order of every list of VMs: by stack, then by name as people count, then oldest first. */
import type { Vm } from "@bootseed/protocol";

const natural = new Intl.Collator("en", { numeric: true });

/** Numbers in names count as numbers: web-2 is before web-10. */
export const byName = (a: string, b: string): number => natural.compare(a, b) || (a < b ? -1 : Number(a > b));

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
