/** The same VMs read again and again: all of them once, then only what changed. */
import type { Vm, VmFilter } from "@bootseed/protocol";
import { type AskVms, vmList } from "./vm-list.ts";

/**
 * Without host keys, the longest part of a VM.
 *
 * @returns a function; each call asks the host once, and again for all where it started again or a VM no longer fits
 */
export function vmWatch(ask: AskVms, filter: VmFilter): () => Promise<readonly Vm[]> {
  const known = new Map<string, Vm>();
  let since: string | undefined;
  return async () => {
    let list = await vmList(ask, filter, { withoutKeys: true, since });
    // What fits now and did not before was sent, as it has changed. A VM that fits no more was not: then there are too many here.
    const isWhole = !list.partial || merged(known, list.vms).size === list.total;
    if (!isWhole) list = await vmList(ask, filter, { withoutKeys: true });
    if (!list.partial) known.clear();
    for (const vm of list.vms) known.set(vm.seedId, vm);
    since = list.revision;
    return [...known.values()];
  };
}

const merged = (known: ReadonlyMap<string, Vm>, vms: readonly Vm[]): Set<string> =>
  new Set([...known.keys(), ...vms.map(({ seedId }) => seedId)]);
