/** At the end of a run that went well the hosts are told what they do not know of the stack: droplets that were moved, and those that are no more. */
import type * as digitalocean from "@pulumi/digitalocean";
import { addressesIn, addressOutputs } from "./addresses.ts";
import type { ProgramContext } from "./context.ts";
import { plain, settled } from "./outputs.ts";
import { dropletsMade, hasRemoteComponent } from "./resource-tree.ts";

type Made = { readonly urn: string; readonly id: string; readonly droplet: digitalocean.Droplet };

/** Never fails. @param context of the program whose run it is */
export async function settle(context: ProgramContext): Promise<void> {
  const runs = context.runs.all();
  if (runs.length === 0) return;
  const made = await Promise.all(
    dropletsMade().map(async (droplet): Promise<Made[]> => {
      const [urn, id] = await Promise.all([settled(droplet.urn), settled(droplet.id)]);
      // Left out by `--target`, a droplet has no id: nothing was made.
      return typeof urn === "string" ? [{ urn, id: typeof id === "string" ? id : "", droplet }] : [];
    }),
  );
  const byUrn = new Map(made.flat().map((one) => [one.urn, one]));
  const existing = [...byUrn.values()].filter(({ id }) => id !== "");
  const droplets = {
    urns: new Set([...context.seen, ...byUrn.keys()]),
    ids: new Map(existing.map(({ urn, id }) => [urn, id])),
    // The engine shows transforms what the stack manages, not what is read.
    managed: new Set(existing.flatMap(({ urn }) => (context.seen.has(urn) ? [urn] : []))),
    incomplete: context.blind || (context.stack === undefined && hasRemoteComponent()),
  };
  const addressesOf = async (urn: string): Promise<string[]> => {
    const one = byUrn.get(urn);
    if (one === undefined) return [];
    // What is no address was warned of when the droplet was made.
    return addressesIn((await plain(addressOutputs(one.droplet))) as Record<string, unknown>, () => undefined);
  };
  // One after the other: two of them may have a host in common.
  for (const run of runs) await run.settle(droplets, addressesOf);
}
