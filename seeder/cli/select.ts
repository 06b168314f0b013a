/** Which of a host's VMs a command is about. */
import { BootseedError, hostKeyWord, isGone, nameProblem, type Vm, wordsOf } from "@bootseed/protocol";
import { leftOut } from "./gone.ts";

/** A stack as the mint knows it (protocol/mint.ts), in printable ASCII; also for VMs that no Pulumi program made. */
const STACK = /^(?=.{5,256}$)[!-.0-~]+\/[!-.0-~]+\/[!-.0-~]+$/;

/**
 * @param text `org/project/stack`
 * @throws BootseedError "usage" for a short form, as which organisation it means is not known here, and for a pattern
 */
export function stackOf(text: string): string {
  // A host takes it for a pattern: the answer would be about other stacks, too, each of which counts as a stranger's.
  if (STACK.test(text) && text.includes("*"))
    throw new BootseedError(
      "usage",
      `expected one stack as org/project/stack, got the pattern ${JSON.stringify(text)}: only bootseed vm ls takes patterns, and shows the stacks that fit`,
    );
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
  const problem = nameProblem(text);
  if (problem === null) return text;
  const got = text.length > 255 ? `${text.length} characters` : JSON.stringify(text);
  const isText = /^[ -~]{1,255}$/.test(text);
  const expected = isText ? "a host name such as web-7" : "1 to 255 characters of printable ASCII";
  throw new BootseedError("usage", `expected --name with ${expected}, got ${got}${isText ? `: it ${problem}` : ""}`);
}

/** Those that are gone last. */
const newestFirst = (vms: readonly Vm[]): Vm[] =>
  vms.toSorted((a, b) => Number(isGone(a)) - Number(isGone(b)) || b.committedAt - a.committedAt);

/** Of VMs that one word fits, the one to speak of: a report was signed by its machine, an enrolment alone was not. */
const bestOf = (vms: readonly Vm[]): Vm | undefined =>
  newestFirst(vms.filter((vm) => vm.report !== null))[0] ?? newestFirst(vms)[0];

/** By name or address, in any spelling; a name or address that cannot be written, by its exact text. */
export function withWord(vms: readonly Vm[], host: string): Vm | undefined {
  const word = hostKeyWord(host);
  return (
    bestOf(vms.filter((vm) => wordsOf(vm).has(word))) ??
    bestOf(vms.filter((vm) => vm.name === host || vm.addresses.includes(host)))
  );
}

/** The instance-id of a joined machine, or of a first claim, is what that machine says: an id that a stack told goes first. */
const isTold = ({ bind, joined }: Vm): boolean => bind === "instance" && joined !== true;

/** By seedId or instance-id. */
export function withId(vms: readonly Vm[], id: string): Vm | undefined {
  const having = vms.filter((vm) => vm.instanceId === id);
  return vms.find((vm) => vm.seedId === id) ?? newestFirst(having.filter(isTold))[0] ?? newestFirst(having)[0];
}

/** By seedId, name or instance-id, in this order; where a name was used again after a replacement, the newest. */
export const lookUp = (vms: readonly Vm[], wanted: string): Vm | undefined =>
  vms.find((vm) => vm.seedId === wanted) ??
  newestFirst(vms.filter((vm) => vm.name === wanted))[0] ??
  withId(vms, wanted);

/** @param vms as `vmsCalled` found them @throws BootseedError "not-found" */
export function find(vms: readonly Vm[], wanted: string): Vm {
  const found = lookUp(vms, wanted) ?? withWord(vms, wanted);
  if (found !== undefined) return found;
  throw new BootseedError("not-found", `no VM is called ${wanted}: see bootseed vm ls`);
}

/** @throws BootseedError "not-found" when all VMs of that stack are gone, or there is none */
export function ofStack(vms: readonly Vm[], stack: string): Vm[] {
  const found = vms.filter((vm) => vm.stack === stack);
  if (found.some((vm) => !isGone(vm))) return found;
  const why = found.length > 0 ? ` exists any more: ${leftOut(found).join("")}` : "";
  throw new BootseedError("not-found", `no VM of the stack ${stack}${why}`);
}
