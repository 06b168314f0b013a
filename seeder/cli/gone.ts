/** VMs that are gone: their stack's state has no such machine any more. A stranger may have their addresses by now. */
import { isGone, type Vm } from "@bootseed/protocol";

const SHOWN = 5;

/** @returns the first few names, and how many more there are */
function namesOf(vms: readonly Vm[]): string {
  const more = vms.length > SHOWN ? ` and ${vms.length - SHOWN} more` : "";
  return `${vms
    .slice(0, SHOWN)
    .map(({ name }) => name)
    .join(", ")}${more}`;
}

/**
 * What a list does with some VMs, for stderr.
 *
 * @param what of one VM, without its subject
 * @returns a sentence, or none where there is no such VM
 * @example counted([web], "was revoked") // ["1 VM was revoked: web"]
 */
export const counted = (vms: readonly Vm[], what: string): string[] =>
  vms.length === 0 ? [] : [`${vms.length === 1 ? "1 VM" : `${vms.length} VMs, each`} ${what}: ${namesOf(vms)}`];

/**
 * What a list leaves out, for stderr.
 *
 * @param vms those that the list is about, gone or not
 * @returns a sentence, or none
 */
export function leftOut(vms: readonly Vm[]): string[] {
  const gone = vms.filter(isGone);
  if (gone.length === 0) return [];
  const which = gone.length === 1 ? "1 VM that is gone is left out" : `${gone.length} VMs that are gone are left out`;
  return [`${which}: ${namesOf(gone)}; bootseed vm ls --all shows it, bootseed vm forget removes it`];
}

/**
 * VMs that a list leaves out since a newer one took their place, for stderr.
 *
 * @param current of `all`, as `currentOf` gives them
 */
export const replacedBy = (current: readonly Vm[], all: readonly Vm[]): string[] =>
  counted(
    all.filter((vm) => !isGone(vm) && !current.includes(vm)),
    "was replaced by a newer one and is left out",
  );
