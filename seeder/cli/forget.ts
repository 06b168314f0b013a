/** `bootseed vm forget`: takes a VM, or a seed that no machine has claimed, out of all lists for good. */
import { BootseedError, isGone, type Vm } from "@bootseed/protocol";
import type { Command } from "commander";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { say, type Terminal } from "./terminal.ts";

/** Adds the command below `vm`. */
export function addForget(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("forget <name>"), "vm forget"), env)
    .description("take a VM, by name, seedId or instance-id, out of all lists; it is revoked, and cannot come back")
    .option("--yes", "also a VM that is enrolled and not gone")
    .action(async (name: string, { yes, ...options }: HostOption & { yes?: true }) => {
      const mint = mintOf(options);
      const one = forgettable(await mint.vms(), name, yes === true);
      await mint.forget(one.seedId);
      say(`${one.name} (${one.seedId}) is forgotten: ${whatEnded(one)}`);
    });
}

const whatEnded = ({ claimedAt }: Vm): string =>
  claimedAt === null
    ? "its seed can be claimed no more"
    : "it gets no packets and is in no list; a join token lets the machine come back";

/**
 * @returns the one VM that is meant, by its seedId before all others: a name that several have, one of them gone, is not enough
 * @throws BootseedError "not-found"; "conflict" for a name of several VMs, and for one that is enrolled without `yes`
 */
export function forgettable(vms: readonly Vm[], wanted: string, yes: boolean): Vm {
  const exact = vms.filter((vm) => vm.seedId === wanted);
  const found = exact.length > 0 ? exact : vms.filter((vm) => vm.name === wanted || vm.instanceId === wanted);
  const [vm] = found;
  if (vm === undefined) throw new BootseedError("not-found", `no VM is called ${wanted}: see bootseed vm ls --all`);
  if (found.length > 1) {
    const which = found.map((one) => `${one.seedId} (${isGone(one) ? "gone" : one.state})`).join(", ");
    throw new BootseedError("conflict", `${found.length} VMs are called ${wanted}: name one by its seedId: ${which}`);
  }
  const live = vm.claimedAt !== null && !isGone(vm) && typeof vm.revokedAt !== "number";
  if (live && !yes)
    throw new BootseedError(
      "conflict",
      `${vm.name} is enrolled and not gone: it would get no more entropy: bootseed vm forget ${vm.seedId} --yes`,
    );
  return vm;
}
