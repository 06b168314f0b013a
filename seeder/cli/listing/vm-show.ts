/** `bootseed vm show`. */
import { isGone, isMeant, listedState, type Vm } from "@bootseed/protocol";
import type { Command } from "commander";
import { withExamples } from "../help.ts";
import { type HostOption, mintOf, withHost } from "../host-option.ts";
import { print, printJson, say, type Terminal } from "../terminal.ts";
import { vmDetails } from "../vm-table.ts";
import { vmsCalled } from "./fetch.ts";

/** Adds the command below `vm`. */
export function addShow(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("show <name>"), "vm show"), env)
    .description("everything about a VM, by name, seedId, address or instance-id; about each, where several fit")
    .option("--json", "schema 1: the newest as vm, and all that fit as vms")
    .action(async (name: string, options: HostOption & { json?: true }) => {
      // A seed that was revoked before its claim is in no list, and still somebody may ask what became of it.
      const vms = shown(await vmsCalled(mintOf(options), name, { forgotten: true }), name);
      if (options.json) return printJson({ schema: 1, vm: vms[0], vms });
      if (vms.length > 1) say(`${vms.length} VMs fit ${name}: those that exist first, and of them the newest`);
      print(vms.map(vmDetails).join("\n"));
    });
}

/** @returns the one with that seedId, or all that fit: those that exist first, the newest of each first */
export function shown(vms: readonly Vm[], wanted: string): Vm[] {
  const exact = vms.filter(({ seedId }) => seedId === wanted);
  const ended = (vm: Vm): number => Number(listedState(vm) === "revoked" || isGone(vm));
  return (exact.length > 0 ? exact : vms.filter((vm) => isMeant(vm, wanted))).toSorted(
    (a, b) => ended(a) - ended(b) || b.committedAt - a.committedAt,
  );
}
