/** `bootseed vm acknowledge`: an operator has looked at what the host noticed about a VM. */
import type { Command } from "commander";
import { alarmsOf, remarksOf } from "../droplet/alarms.ts";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { find } from "./select.ts";
import { say, type Terminal } from "./terminal.ts";

/** Adds the command below `vm`. */
export function addAcknowledge(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("acknowledge <name>"), "vm acknowledge"), env)
    .description("clear what the host noticed about a VM (clones, a replaced disk, its seed used elsewhere)")
    .action(async (name: string, options: HostOption) => {
      const mint = mintOf(options);
      const one = find(await mint.vms(), name);
      const noticed = [...alarmsOf(one), ...remarksOf(one)];
      if (noticed.length === 0) return say(`${one.name}: nothing to acknowledge`);
      await mint.acknowledge(one.seedId);
      for (const line of noticed) say(`${one.name}: cleared: ${line}`);
    });
}
