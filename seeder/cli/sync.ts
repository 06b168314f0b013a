/** `bootseed sync`: tells the host which droplets exist, from a stack's state, where a run could not. */
import { BootseedError, type CreatedVm, MAX_PRESENT, type PresentAnswer } from "@bootseed/protocol";
import type { CreatedDroplet, MintApi, MintClient } from "../mint-client/client.ts";
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

/**
 * Tells the host that these are all machines of the stack, so that it knows which are gone.
 *
 * @param ids instance ids of all its droplets, also of those that can have no seed
 * @param asOf when that was true, in seconds since 1970: what was made later is not judged
 * @param remark called when nothing could be told
 */
export async function tellPresent(
  mint: Pick<MintClient, "present">,
  stack: string,
  ids: readonly string[],
  asOf: number | undefined,
  remark: (line: string) => void,
): Promise<PresentAnswer["gone"]> {
  if (ids.length > MAX_PRESENT) {
    remark(`more than ${MAX_PRESENT} droplets: the host was not told which VMs of ${stack} are gone`);
    return [];
  }
  try {
    return await mint.present(stack, ids, asOf);
  } catch (error) {
    if (!(error instanceof BootseedError) || error.code !== "not-found") throw error;
    remark("this host is older and keeps VMs that are gone in its lists: update bootseed-host");
    return [];
  }
}

/** For people, a line each. */
export const goneLines = (gone: PresentAnswer["gone"]): string =>
  gone.map(({ name, instanceId, seedId }) => `gone: ${name} (${instanceId ?? `seed ${seedId}`})\n`).join("");

/** What came of it, for people. */
export function syncSummary(vms: readonly CreatedVm[], stack: string): string {
  const unseeded = vms.filter((vm) => vm.seedId === null);
  const reported = vms.filter((vm) => vm.report !== null);
  const waiting = vms.length - unseeded.length - reported.length;
  const counts = `${reported.length} have reported, ${waiting} have not yet, ${unseeded.length} have no seed of this host`;
  const hint = waiting === 0 ? "" : waitHint(stack, "them");
  return `${stack}: the host was told of ${vms.length} droplets: ${counts}${hint}\n`;
}
