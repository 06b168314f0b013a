/** `bootseed sync`: tells the host which droplets exist, from a stack's state, where a run could not. */
import type { CreatedVm } from "@bootseed/protocol";
import type { CreatedDroplet, MintApi } from "../mint-client/client.ts";
import { AT_ONCE } from "../mint-client/batch.ts";
import { takenByHosts } from "../mint-client/urn.ts";
import { waitHint } from "./wait-hint.ts";

export const mayHaveSeed = ({ urn }: CreatedDroplet): boolean => takenByHosts(urn);

/** Idempotent: the host binds each to the newest seed of its URN that is not bound yet. */
export async function syncDroplets(
  mint: Pick<MintApi, "created">,
  stack: string,
  droplets: readonly CreatedDroplet[],
): Promise<CreatedVm[]> {
  const answers: CreatedVm[] = [];
  for (let at = 0; at < droplets.length; at += AT_ONCE)
    answers.push(...(await mint.created(stack, droplets.slice(at, at + AT_ONCE))));
  return answers;
}

/** What came of it, for people. */
export function syncSummary(vms: readonly CreatedVm[], stack: string): string {
  const unseeded = vms.filter((vm) => vm.seedId === null);
  const reported = vms.filter((vm) => vm.report !== null);
  const waiting = vms.length - unseeded.length - reported.length;
  const counts = `${reported.length} have reported, ${waiting} have not yet, ${unseeded.length} have no seed of this host`;
  const hint = waiting === 0 ? "" : waitHint(stack, "them");
  return `${stack}: the host was told of ${vms.length} droplets: ${counts}${hint}\n`;
}
