/** What a droplet's Stash is to hold: its report, asked of the hosts when the droplet is there. */
import type * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { addressesIn, addressOutputs } from "./addresses.ts";
import { plain } from "./outputs.ts";
import { type DropletReport, type NoReport, noReport } from "./report.ts";
import type { SeedRun } from "./seed-run.ts";

/**
 * Asks the host in every run that is not a preview, so that what was lost is repeated.
 *
 * @returns what the Stash is to hold, and what the hosts notice about the VM; unknown in a preview
 */
export function reportInput(
  droplet: digitalocean.Droplet,
  urn: Promise<string>,
  name: string,
  runOf: () => Promise<SeedRun>,
  timeoutMs: number,
): { input: pulumi.Output<DropletReport | NoReport>; alarms: pulumi.Output<string[]> } {
  // Ephemeral: a line that the engine's display replaces, nothing for its log.
  const progress = (line: string): void => void pulumi.log.info(line, droplet, undefined, true);
  const input = droplet.id.apply(async (instanceId) => {
    if (pulumi.runtime.isDryRun()) return noReport("a preview asks no host");
    const outputs = (await plain(addressOutputs(droplet))) as Record<string, unknown>;
    const addresses = addressesIn(outputs, (line) => void pulumi.log.warn(line, droplet));
    const run = await runOf();
    return run.report({ urn: await urn, name, instanceId, addresses }, timeoutMs, progress);
  });
  // Not of the report, which is stored once: of what the hosts say now.
  const alarms = input.apply(async () =>
    pulumi.runtime.isDryRun() ? (pulumi.unknown as unknown) : [...(await runOf()).alarmsOf(await urn)],
  ) as pulumi.Output<string[]>;
  return { input, alarms };
}
