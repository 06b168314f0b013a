/** What a host has noticed about a VM since its first report that a green line in a list would hide. */
import type { Asker, Vm } from "@bootseed/protocol";

/** A VM as a host answers it; older hosts leave these out. */
export type Watched = Pick<Vm, "rolledBackAt" | "askers">;

const timeOf = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
/** An instance id is the asker's own text. */
const idOf = ({ instanceId }: Asker): string => instanceId.replaceAll(/[^ -~]/g, "?");
const askersOf = ({ askers }: Watched): readonly Asker[] => askers ?? [];

/** The machine in the VM's own place, if one asked. */
const inItsPlace = (vm: Watched): Asker | undefined => askersOf(vm).find((one) => one.sameInstance);

/** Why the VM's SSH host keys may not be those of the machine that has its instance id now, or undefined. */
export function replacedIn(vm: Watched): string | undefined {
  const asker = inItsPlace(vm);
  if (asker === undefined) return undefined;
  return (
    `since ${timeOf(asker.firstAt)} a machine with its instance id ${idOf(asker)} and another identity asks with its seed: ` +
    "its disk was replaced, as by a rebuild, or someone who read its user-data asks"
  );
}

/**
 * @returns what speaks against this VM, a sentence each without the VM's name: `bootseed wait` ends with 65.
 * `bootseed vm acknowledge` clears them.
 */
export function alarmsOf(vm: Watched): string[] {
  const { rolledBackAt } = vm;
  const back =
    typeof rolledBackAt === "number"
      ? [
          `since ${timeOf(rolledBackAt)} it asks with an older counter than it had acknowledged: ` +
            "copies of it run at the same time, or its disk was restored",
        ]
      : [];
  const replaced = replacedIn(vm);
  const late = askersOf(vm)
    .filter((one) => !one.sameInstance && one.afterReport)
    .map(
      (one) =>
        `since ${timeOf(one.firstAt)} the machine ${idOf(one)} asks with its seed: ` +
        "its instance id changed, or its user-data was copied",
    );
  return [...back, ...(replaced === undefined ? [] : [replaced]), ...late];
}

/** @returns what is to be known, though nothing is wrong with this VM */
export function remarksOf(vm: Watched): string[] {
  const early = askersOf(vm).filter((one) => !one.sameInstance && !one.afterReport);
  const orphans = early
    .filter((one) => one.undecided !== true)
    .map(
      (one) =>
        `the machine ${idOf(one)} was given the same user-data, as after a create that was retried: ` +
        "it gets no identity; destroy it if it is yours",
    );
  const undecided = early.filter((one) => one.undecided === true).map(idOf);
  if (undecided.length === 0) return orphans;
  return [
    ...orphans,
    `the machines ${undecided.join(" and ")} were given the same user-data, as after a create that was retried, and the ` +
      "host was not told yet which of them is the VM: bootseed sync tells it; destroy the others",
  ];
}

/** @returns the same for a line of a table, a few words each */
export function shortAlarms(vm: Watched): string[] {
  const others = askersOf(vm).filter((one) => !one.sameInstance);
  return [
    typeof vm.rolledBackAt === "number" ? "CLONED OR RESTORED" : "",
    inItsPlace(vm) === undefined ? "" : "ANOTHER MACHINE IN ITS PLACE",
    others.some((one) => one.afterReport) ? "SEED USED ELSEWHERE" : "",
    others.some((one) => !one.afterReport) ? "a second machine has its user-data" : "",
  ].filter((word) => word !== "");
}
