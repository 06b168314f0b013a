/** What must hold after every act, whatever it was. */
import type { Vm } from "@bootseed/protocol";
import { expect } from "vitest";
import type { KitVm } from "../kit-vms.ts";
import { idsOf, isSubject } from "./outcome.ts";
import type { Snapshot } from "./snapshot.ts";

/** A droplet that was made at some time: whether or not its maker heard of it, and whether or not it is still there. */
export interface Made {
  readonly id: number;
  readonly name: string;
  /** Of the seed in its user-data; undefined when there is none. */
  readonly seedId: string | undefined;
}

/** No droplet started without a seed that the host had committed before. @param unseeded names of droplets that are to have none */
export function expectSeeded(made: readonly Made[], host: Snapshot["host"], unseeded: ReadonlySet<string>): void {
  const wrong = made.filter(({ name, seedId }) =>
    unseeded.has(name) ? seedId !== undefined : seedId === undefined || !host.has(seedId),
  );
  expect(wrong, "droplets without a seed that the host committed").toEqual([]);
}

/** No seed is in two machines that enrolled, and the host knows of the same machines as they do of the host. */
export function expectOneEnrolledEach(made: readonly Made[], vms: readonly KitVm[], host: Snapshot["host"]): void {
  const seedOf = new Map(made.map(({ id, seedId }) => [id, seedId]));
  const enrolled = vms.filter((vm) => vm.enrolled).map(({ droplet }) => droplet.id);
  expect(new Set(enrolled.map((id) => seedOf.get(id))).size, "seeds in two enrolled machines").toBe(enrolled.length);
  const claimed = [...host.values()].filter(({ state }) => state === "claimed" || state === "reported");
  const atHost = claimed.map(({ seedId, instanceId }) => `${seedId} in ${instanceId}`);
  const inMachines = enrolled.map((id) => `${seedOf.get(id)} in ${id}`);
  expect(atHost.toSorted(), "claimed at the host, and enrolled in the machines").toEqual(inMachines.toSorted());
}

/**
 * What must not change of a seed: all of it while its droplet is there and not replaced. Of one that is not, the next run says once that it is
 * gone, another droplet may get its addresses, and a contest may be over.
 */
function lasting(vm: Vm | undefined, was: Vm, { cloud, known }: Snapshot): unknown {
  const isReplaced = known.some(({ kind, id }) => kind === "doomed" && id === was.instanceId);
  if (vm === undefined || (cloud.has(Number(was.instanceId)) && !isReplaced)) return vm;
  const goneAt = typeof was.goneAt === "number" ? vm.goneAt : null;
  return { ...vm, goneAt, addresses: vm.addresses.filter((one) => !was.addresses.includes(one)), contested: [] };
}

/** Droplets, seeds, ids and state of all others are what they were; so are the subjects' seeds that had reported. */
export function expectNothingElse(subjects: readonly string[], before: Snapshot, after: Snapshot): void {
  const own = new Set([...idsOf(subjects, before), ...idsOf(subjects, after)]);
  const otherDroplets = [...before.cloud.values()].filter(({ id }) => !own.has(id));
  expect(
    otherDroplets.map(({ id }) => after.cloud.get(id)),
    "other droplets at the cloud",
  ).toEqual(otherDroplets);

  const others = ({ known }: Snapshot): string[] =>
    known.filter((one) => !isSubject(subjects, one)).map((one) => JSON.stringify(one));
  expect(others(after).toSorted(), "other droplets in the state").toEqual(others(before).toSorted());

  const settled = [...before.host.values()].filter((vm) => vm.state === "reported" || !ofSubject(subjects, vm));
  expect(
    settled.map((vm) => lasting(vm, vm, after)),
    "other seeds at the host",
  ).toEqual(settled.map((vm) => lasting(after.host.get(vm.seedId), vm, after)));
  const foreign = [...after.host.values()].filter((vm) => !before.host.has(vm.seedId) && !ofSubject(subjects, vm));
  expect(foreign, "seeds committed for others").toEqual([]);
}

/** A seed's droplet: the last step of its URN, and of its stack. */
const ofSubject = (subjects: readonly string[], { stack, urn }: { stack: string; urn: string }): boolean =>
  isSubject(subjects, { stack: stack.split("/").at(-1) ?? "", name: urn.split("::").at(-1) ?? "" });
