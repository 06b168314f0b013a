/**
 * Unit tests of a user's program, under `pulumi.runtime.setMocks`: there is no engine, so there are no hooks, and no machine is made. Nothing
 * is asked of any host then, and droplets are as the program wrote them.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { dropletOptions, type SeededDropletOptions } from "./options.ts";
import type { SeededDroplet } from "./seeded-droplet.ts";

/** The SDK's monitor of mocks holds them; that of an engine is a gRPC client and holds none. */
export const underMocks = (): boolean => "mocks" in (pulumi.runtime.getMonitor() ?? {});

/** What a test sees in place of a report: nothing that could be taken for one. */
export const mockedOutputs = (): Pick<
  SeededDroplet,
  "knownHosts" | "sshHostKeys" | "seedId" | "evidence" | "alarms"
> => ({
  knownHosts: pulumi.output(""),
  sshHostKeys: pulumi.output<string[]>([]),
  seedId: pulumi.output(""),
  evidence: pulumi.output("mocked").apply((verdict): Record<string, unknown> => ({ verdict })),
  alarms: pulumi.output<string[]>([]),
});

/** The droplet of a component under mocks: the user's own user-data, no seed, no hooks. */
export const mockedDroplet = (
  component: pulumi.ComponentResource,
  name: string,
  args: digitalocean.DropletArgs,
  opts: SeededDropletOptions,
): digitalocean.Droplet => new digitalocean.Droplet(name, args, { ...dropletOptions(opts), parent: component });
