/** What a run knows at its end of its droplets and a host does not: one rule, without Pulumi and without a connection. */
import type { AbsentRequest, OtherVm, ReservationsAnswer } from "@bootseed/protocol";

/** The droplets of a run that has ended well. */
export interface RunDroplets {
  /** URNs of all droplets that the program has, those that another process made for it, too. */
  readonly urns: ReadonlySet<string>;
  /** Instance ids by URN, as far as this process knows them. */
  readonly ids: ReadonlyMap<string, string>;
  /** URNs of machines that the stack manages and this process made: what is only read may be another stack's. */
  readonly managed: ReadonlySet<string>;
  /** Some droplets of the program may be in no list of this process. */
  readonly incomplete: boolean;
}

/** What one host answered to the reservations of this run. */
export interface HostKnows {
  /** By URN; a droplet that was not reserved for is not in it. */
  readonly known: ReadonlyMap<string, ReservationsAnswer["reservations"][number]["vm"]>;
  readonly others: readonly Pick<OtherVm, "seedId" | "urn" | "instanceId">[];
  /** URNs of which it was told in this run already. */
  readonly told: ReadonlySet<string>;
  /** URNs whose seed was committed in this run: the host itself knows what they replace. */
  readonly committed: ReadonlySet<string>;
}

export interface News {
  /** URNs of droplets that exist, which the host knows under another URN, in another stack, or not at all. */
  readonly exist: readonly string[];
  /** VMs that the program has no more. */
  readonly absent: AbsentRequest["vms"];
}

export function newsOf({ urns, ids, managed, incomplete }: RunDroplets, host: HostKnows): News {
  const { known, told, committed } = host;
  const others = host.others.filter(({ urn }) => !urns.has(urn));
  const elsewhere = new Set(others.map(({ instanceId }) => instanceId));
  const isNews = (urn: string, id: string): boolean => {
    const vm = known.get(urn);
    return elsewhere.has(id) || (vm !== undefined && vm?.instanceId !== id);
  };
  const exist = [...ids].flatMap(([urn, id]) => (managed.has(urn) && !told.has(urn) && isNews(urn, id) ? [urn] : []));
  // A droplet of another process may be one of the others under its new name.
  const unclear = [...urns].some((urn) => !ids.has(urn) && known.get(urn) === null && !committed.has(urn));
  if (incomplete || unclear) return { exist, absent: [] };
  const own = new Set(ids.values());
  const isOwn = (instanceId: string | null): boolean => instanceId !== null && own.has(instanceId);
  const replaced = [...known].flatMap(([urn, vm]) =>
    vm && ids.has(urn) && !committed.has(urn) && !isOwn(vm.instanceId) ? [{ seedId: vm.seedId, urn }] : [],
  );
  const left = others.filter(({ instanceId }) => !isOwn(instanceId)).map(({ seedId, urn }) => ({ seedId, urn }));
  return { exist, absent: [...left, ...replaced] };
}
