/** `bootseed vm forget`: takes a VM, or a seed that no machine has claimed, out of all lists for good. */
import { BootseedError, isGone, type Vm } from "@bootseed/protocol";
import type { Command } from "commander";
import { ageMs } from "./duration.ts";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { stackOf } from "./select.ts";
import { printJson, say, type Terminal } from "./terminal.ts";

/** A claim is final only this long after the commit: an older seed without one is of no use to any machine. */
const CLAIM_WINDOW = "24h";

type ForgetOptions = HostOption & { yes?: true; stack?: string; unclaimed?: true; olderThan?: string; json?: true };

/** Adds the command below `vm`. */
export function addForget(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("forget [name]"), "vm forget"), env)
    .description("take a VM, by name, seedId or instance-id, out of all lists; it is revoked, and cannot come back")
    .option("--yes", "also a VM that is enrolled and not gone; also seeds that may still be claimed")
    .option("--unclaimed", "instead of a name: all seeds that no machine has claimed")
    .option("--stack <stack>", "with --unclaimed: of this org/project/stack")
    .option("--older-than <age>", `with --unclaimed: committed so long ago, such as 30d (default ${CLAIM_WINDOW})`)
    .option("--json", "schema 1: what is forgotten")
    .action(async (name: string | undefined, options: ForgetOptions) => {
      const chosen = selectionOf(name, options);
      const mint = mintOf(options);
      const vms = await mint.vms();
      const found =
        "name" in chosen
          ? [forgettable(vms, chosen.name, options.yes === true)]
          : unclaimed(vms, chosen, Math.floor(Date.now() / 1000));
      const ended: Vm[] = [];
      try {
        for (const one of found) {
          await mint.forget(one.seedId);
          ended.push(one);
          if (!options.json) say(`${one.name} (${one.seedId}) is forgotten: ${whatEnded(one)}`);
        }
      } finally {
        if (options.json)
          printJson({ schema: 1, forgotten: ended.map(({ name: called, seedId }) => ({ name: called, seedId })) });
      }
      if (found.length === 0 && !options.json) say("no seed is as old as that without a claim: nothing was forgotten");
    });
}

type Selection = { name: string } | { stack: string; ageMs: number };

/** @throws BootseedError "usage" for a name and a filter, for neither, and for a filter that would end seeds on their way */
function selectionOf(name: string | undefined, { unclaimed: all, stack, olderThan, yes }: ForgetOptions): Selection {
  if (name !== undefined && (all === true || stack !== undefined || olderThan !== undefined))
    throw new BootseedError("usage", "expected a name, or --unclaimed with --stack, not both");
  if (name !== undefined) return { name };
  if (all !== true || stack === undefined)
    throw new BootseedError(
      "usage",
      "expected a name, or both --stack and --unclaimed: bootseed vm forget --stack org/project/stack --unclaimed",
    );
  const age = ageMs(olderThan ?? CLAIM_WINDOW);
  if (age < ageMs(CLAIM_WINDOW) && yes !== true)
    throw new BootseedError(
      "usage",
      `seeds younger than ${CLAIM_WINDOW} may belong to VMs that boot now: add --yes to end them too`,
    );
  return { stack: stackOf(stack), ageMs: age };
}

/** @returns seeds of the stack that no machine has claimed, at least so old; `now` in seconds since 1970 */
export function unclaimed(vms: readonly Vm[], wanted: { stack: string; ageMs: number }, now: number): Vm[] {
  return vms.filter(
    ({ stack, claimedAt, joined, committedAt }) =>
      stack === wanted.stack && claimedAt === null && joined !== true && now - committedAt >= wanted.ageMs / 1000,
  );
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
