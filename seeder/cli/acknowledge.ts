/** `bootseed vm acknowledge`: an operator has looked at what the host noticed about a VM. */
import { BootseedError, isGone, type Vm } from "@bootseed/protocol";
import type { Command } from "commander";
import { alarmsOf, remarksOf } from "../droplet/alarms.ts";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { vmsCalled } from "./listing/fetch.ts";
import { find } from "./select.ts";
import { say, type Terminal } from "./terminal.ts";

/** Adds the command below `vm`. */
export function addAcknowledge(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("acknowledge <name>"), "vm acknowledge"), env)
    .description("clear what the host noticed about a VM (clones, a replaced disk, its seed used elsewhere)")
    .action(async (name: string, options: HostOption) => {
      const mint = mintOf(options);
      const one = toAcknowledge(await vmsCalled(mint, name), name);
      const noticed = noticedOf(one);
      if (noticed.length === 0) return say(`${one.name}: nothing to acknowledge`);
      await mint.acknowledge(one.seedId);
      for (const line of noticed) say(`${one.name}: cleared: ${line}`);
    });
}

const noticedOf = (vm: Vm): string[] => [...alarmsOf(vm), ...remarksOf(vm)];

/**
 * By seedId, name or instance-id. Of several VMs with that name the one with an alarm, which need not be the newest.
 *
 * @throws BootseedError "conflict" where several have one: a name cannot say which of them an operator has looked at
 */
export function toAcknowledge(vms: readonly Vm[], wanted: string): Vm {
  const named = vms.filter((vm) => vm.name === wanted && !isGone(vm) && noticedOf(vm).length > 0);
  const [only] = named;
  if (only === undefined || vms.some(({ seedId }) => seedId === wanted)) return find(vms, wanted);
  if (named.length === 1) return only;
  const ids = named.map(({ seedId }) => seedId).join(", ");
  throw new BootseedError(
    "conflict",
    `${named.length} VMs are called ${wanted}, each with an alarm: name one by its seedId: ${ids}`,
  );
}
