/** VMs that are gone: their stack's state has no such machine any more. A stranger may have their addresses by now. */
import { isGone, type Vm } from "@bootseed/protocol";

const SHOWN = 5;

/**
 * What a list leaves out, for stderr.
 *
 * @param vms those that the list is about, gone or not
 * @returns a sentence, or none
 */
export function leftOut(vms: readonly Vm[]): string[] {
  const gone = vms.filter(isGone);
  if (gone.length === 0) return [];
  const names = gone.slice(0, SHOWN).map(({ name }) => name);
  const more = gone.length > SHOWN ? ` and ${gone.length - SHOWN} more` : "";
  const which = gone.length === 1 ? "1 VM that is gone is left out" : `${gone.length} VMs that are gone are left out`;
  return [`${which}: ${names.join(", ")}${more}; bootseed vm ls --all shows it, bootseed vm forget removes it`];
}
