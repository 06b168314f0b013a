/**
 * What all seeded droplets of one program share: one reservation, one batch of `created`, and one hook of each kind,
 * since hook names are unique in a run. Kept per stack object, not per process: the automation API runs several stacks
 * in one process.
 */
import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import { MintClient } from "../mint-client/client.ts";
import { missingIn } from "./report.ts";
import { SeedRun } from "./seed-run.ts";

export interface ProgramContext {
  /** Before a droplet is created: takes its seed for good, or throws. */
  readonly commit: pulumi.ResourceHook;
  /** Before a report is stored: refuses the placeholder. */
  readonly needReport: pulumi.ResourceHook;
  /** The run against these hosts. */
  runFor(hosts: readonly string[], minHosts: number): SeedRun;
  /** Whose hook is called with this URN. */
  owners: Map<string, SeedRun>;
}

const contexts = new WeakMap<object, ProgramContext>();
const noStack = {};

/** Hook arguments may hold Outputs (secrets do); this waits for plain values. */
const plain = (value: unknown): Promise<unknown> =>
  new Promise((resolve) => {
    (pulumi.output(value) as pulumi.Output<unknown>).apply(resolve);
  });

async function dropletName(args: pulumi.ResourceHookArgs): Promise<string> {
  const name = await plain(args.newInputs?.["name"]);
  return typeof name === "string" && name !== "" ? name : args.name;
}

function makeContext(): ProgramContext {
  const runs = new Map<string, SeedRun>();
  const owners = new Map<string, SeedRun>();
  const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const commit = new pulumi.ResourceHook("bootseed-commit", async (args) => {
    const name = await dropletName(args);
    const run = owners.get(args.urn);
    if (run === undefined) throw new Error(`no seed for ${name}: ${args.urn} was not announced; nothing was created`);
    await run.commit(args.urn, name);
  });
  const needReport = new pulumi.ResourceHook("bootseed-need-report", async (args) => {
    const missing = missingIn(await plain(args.newInputs?.["input"]));
    if (missing === undefined) return;
    throw new Error(`the droplet exists, but its host-key report did not come (${missing}): run pulumi up again`);
  });
  const runFor = (hosts: readonly string[], minHosts: number): SeedRun => {
    const key = JSON.stringify([hosts, minHosts]);
    const known = runs.get(key);
    if (known !== undefined) return known;
    const run = new SeedRun({
      hosts: hosts.map((host) => ({ host, client: new MintClient(host) })),
      minHosts,
      stack,
      warn: (message) => void pulumi.log.warn(message),
      now: Date.now,
      sleep: (ms) => sleep(ms),
    });
    runs.set(key, run);
    return run;
  };
  return { commit, needReport, runFor, owners };
}

/** @returns the context of the program that is running now */
export function programContext(): ProgramContext {
  const key = pulumi.runtime.getStackResource() ?? noStack;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = makeContext();
  contexts.set(key, made);
  return made;
}
