/** `bootseed vm forget`: takes a VM, or a seed that no machine has claimed, out of all lists for good. */
import { BootseedError, isGone, type Vm } from "@bootseed/protocol";
import type { Command } from "commander";
import { ageMs } from "./duration.ts";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import type { MintClient } from "../mint-client/client.ts";
import { refuseStack, vmsCalled } from "./listing/fetch.ts";
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
      const ended = "name" in chosen ? await forgetOne(mint, chosen.name, options) : await forgetSeeds(mint, chosen);
      if (options.json)
        return printJson({ schema: 1, forgotten: ended.map(({ name: called, seedId }) => ({ name: called, seedId })) });
      for (const one of ended) say(`${one.name} (${one.seedId}) is forgotten: ${one.means}`);
      if (ended.length === 0) say("no seed is as old as that without a claim: nothing was forgotten");
    });
}

interface Ended {
  name: string;
  seedId: string;
  /** For people. */
  means: string;
}

const UNCLAIMED = "its seed can be claimed no more";

async function forgetOne(mint: MintClient, wanted: string, options: ForgetOptions): Promise<Ended[]> {
  const yes = options.yes === true;
  const { name, seedId, claimedAt } = forgettable(await vmsCalled(mint, wanted), wanted, yes);
  // The host looks again: a machine may claim the seed meanwhile.
  await mint.forget(seedId, !yes);
  const means =
    claimedAt === null ? UNCLAIMED : "it gets no packets and is in no list; a join token lets the machine come back";
  return [{ name, seedId, means }];
}

/** By the host's clock, and in one transaction: a seed that is claimed meanwhile stays. */
async function forgetSeeds(
  mint: MintClient,
  { stack, ageMs: age }: { stack: string; ageMs: number },
): Promise<Ended[]> {
  // An older host has no such request, and its answer to one says no more than that.
  const { total, isOld } = await mint.list({ stack, forgotten: true }, { withoutKeys: true });
  if (isOld)
    throw new BootseedError(
      "unavailable",
      "this host is of an older version and cannot end seeds by their age: update it, or forget each by its seedId",
    );
  if (total === 0) return refuseStack(mint, stack);
  const forgotten = await mint.forgetUnclaimed({ stack, olderThanSeconds: Math.ceil(age / 1000) });
  return forgotten.map((one) => ({ ...one, means: UNCLAIMED }));
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
