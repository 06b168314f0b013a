/** VMs that a command is about, fetched alone; all are looked at only where none is found, for what may be meant. */
import { BootseedError, isGone, isMeant, type Vm, type VmFilter } from "@bootseed/protocol";
import type { MintClient } from "../../mint-client/client.ts";
import { didYouMean } from "./suggest.ts";

type Lists = Pick<MintClient, "list">;

/** All that are not forgotten, without host keys. */
const everyVm = async (mint: Lists, filter: VmFilter = {}): Promise<readonly Vm[]> =>
  (await mint.list(filter, { withoutKeys: true })).vms;

/**
 * @param wanted a name, seedId, instance id or address
 * @returns those VMs with the others of their places, newest last
 * @throws BootseedError "not-found" with at most five names that may be meant
 */
export async function vmsCalled(mint: Lists, wanted: string, filter: VmFilter = {}): Promise<readonly Vm[]> {
  const { vms } = await mint.list({ ...filter, hosts: [wanted] });
  if (vms.some((vm) => isMeant(vm, wanted))) return vms;
  throw new BootseedError("not-found", await unknownVm(mint, wanted));
}

/** The sentence for a name that no VM has. */
export async function unknownVm(mint: Lists, wanted: string, filter: VmFilter = {}): Promise<string> {
  const where = filter.stack === undefined ? "no VM is" : `no VM of ${filter.stack} is`;
  const there = (await everyVm(mint, filter)).filter((vm) => !isGone(vm));
  const names = there.flatMap(({ name, addresses }) => [name, ...addresses]);
  return `${where} called ${wanted} or has that address${didYouMean(wanted, names, "bootseed vm ls shows all")}`;
}

/** @throws BootseedError "not-found" with at most five stacks that may be meant */
export async function refuseStack(mint: Lists, stack: string): Promise<never> {
  const stacks = (await everyVm(mint)).map((vm) => vm.stack).filter((one) => one !== "");
  throw new BootseedError(
    "not-found",
    `no VM of the stack ${stack}${didYouMean(stack, stacks, "bootseed vm ls shows the stacks that there are")}`,
  );
}
