/** What the host says of a stack's VMs with every reservation: a run then has to ask nothing more, and tells only what is news. */
import {
  type AlarmedVm,
  currentOf,
  isLive,
  MAX_STACK_VMS,
  type OtherVm,
  type ReservationsAnswer,
  toHex,
} from "@bootseed/protocol";
import { mayBeUnderWay } from "../store/presence.ts";
import type { LiveVm, Store } from "../store/store.ts";
import { alarmsView } from "./views.ts";

/** @returns what to add to the answer, and to each of its reservations, in the order of `urns` */
export function presenceView(
  { seeds }: Pick<Store, "seeds">,
  { stack, urns }: { readonly stack: string; readonly urns: readonly string[] },
  now: number,
): Required<Pick<ReservationsAnswer, "others" | "othersCut" | "alarms" | "alarmsCut">> & {
  readonly known: readonly ({ readonly seedId: string; readonly instanceId: string } | null)[];
} {
  const live = seeds.liveOf(stack);
  const asked = new Set(urns);
  // Of several the last one, which is the newest.
  const known = new Map(
    live.flatMap((vm) =>
      vm.instanceId !== null && asked.has(vm.urn)
        ? [[vm.urn, { seedId: toHex(vm.seedId), instanceId: vm.instanceId }] as const]
        : [],
    ),
  );
  const others = live.filter((vm) => !asked.has(vm.urn) && !mayBeUnderWay(vm, now));
  // As in the lists: not of a machine that was replaced, nor of one that was revoked.
  const alarmed = currentOf(live).filter((vm) => vm.alarmed && isLive(vm));
  return {
    known: urns.map((urn) => known.get(urn) ?? null),
    others: others.slice(0, MAX_STACK_VMS).map(otherView),
    othersCut: Math.max(0, others.length - MAX_STACK_VMS),
    alarms: alarmed.slice(0, MAX_STACK_VMS).flatMap((vm) => alarmedView(seeds, vm)),
    alarmsCut: Math.max(0, alarmed.length - MAX_STACK_VMS),
  };
}

const otherView = ({ seedId, urn, name, instanceId }: LiveVm): OtherVm => ({
  seedId: toHex(seedId),
  urn,
  name,
  instanceId,
});

function alarmedView(seeds: Store["seeds"], { seedId, urn, name }: LiveVm): AlarmedVm[] {
  const row = seeds.get(seedId);
  const alarms = row === null ? {} : alarmsView(row);
  return Object.keys(alarms).length === 0 ? [] : [{ seedId: toHex(seedId), urn, name, ...alarms }];
}
