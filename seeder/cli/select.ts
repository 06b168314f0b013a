/** Which of a host's VMs a command is about. */
import { BootseedError, type Vm } from "@bootseed/protocol";

/** A stack as the mint knows it (protocol/mint.ts), in printable ASCII; also for VMs that no Pulumi program made. */
const STACK = /^(?=.{5,256}$)[!-.0-~]+\/[!-.0-~]+\/[!-.0-~]+$/;
const NAME = /^[ -~]{1,255}$/;

/**
 * @param text `org/project/stack`
 * @throws BootseedError "usage" for a short form: which organisation it means is not known here
 */
export function stackOf(text: string): string {
  if (STACK.test(text)) return text;
  const form =
    "as bootseed vm ls --json shows it, at most 256 characters of printable ASCII; " +
    "the organisation of a self-managed backend is called organization";
  throw new BootseedError(
    "usage",
    `expected a stack as org/project/stack, got ${JSON.stringify(text)}: write it ${form}`,
  );
}

/**
 * What no host takes is refused before one is asked, in the words of who typed it.
 *
 * @param text of `--name`
 * @throws BootseedError "usage"
 */
export function nameOf(text: string): string {
  if (NAME.test(text)) return text;
  const got = text.length > 255 ? `${text.length} characters` : JSON.stringify(text);
  throw new BootseedError("usage", `expected --name with 1 to 255 characters of printable ASCII, got ${got}`);
}

const newestFirst = (vms: readonly Vm[]): Vm[] => vms.toSorted((a, b) => b.committedAt - a.committedAt);

/** By name, seedId or instance-id; where a name was used again after a replacement, the newest. */
export const lookUp = (vms: readonly Vm[], wanted: string): Vm | undefined =>
  newestFirst(vms.filter((vm) => vm.name === wanted || vm.seedId === wanted || vm.instanceId === wanted))[0];

/** The newest with that address: whoever had it before is gone, or is in another network and is not meant here. */
export const atAddress = (vms: readonly Vm[], address: string): Vm | undefined =>
  newestFirst(vms.filter((vm) => vm.addresses.includes(address)))[0];

/** @throws BootseedError "not-found" with the names that there are */
export function find(vms: readonly Vm[], wanted: string): Vm {
  const found = lookUp(vms, wanted);
  if (found !== undefined) return found;
  const known = [...new Set(vms.map((vm) => vm.name))].join(", ") || "none";
  throw new BootseedError("not-found", `no VM is called ${wanted}: this host knows ${known}`);
}

/** Without the machines that were replaced since: their addresses may be a stranger's by now. */
export function currentOf(vms: readonly Vm[]): Vm[] {
  const newest = new Map<string, Vm>();
  for (const vm of newestFirst(vms)) {
    const key = JSON.stringify([vm.stack, vm.urn, vm.name]);
    if (!newest.has(key)) newest.set(key, vm);
  }
  const current = new Set(newest.values());
  return vms.filter((vm) => current.has(vm));
}

/** @throws BootseedError "not-found" when the host knows no VM of that stack, with the stacks there are */
export function ofStack(vms: readonly Vm[], stack: string): Vm[] {
  const found = vms.filter((vm) => vm.stack === stack);
  if (found.length > 0) return found;
  const known = [...new Set(vms.map((vm) => vm.stack))].join(", ") || "none";
  throw new BootseedError("not-found", `no VM of the stack ${stack}: this host shows VMs of ${known}`);
}
