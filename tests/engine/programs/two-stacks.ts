/**
 * Not a stack's program but one that runs two: the automation API, both at the same time in one process, each with its own
 * mint. Arguments: folder of the engine, folder to work in, and the two mints. Prints a line of JSON per stack.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

const [engine = "", dir = "", ...mints] = process.argv.slice(2);
const base = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };
const command = await automation.PulumiCommand.get({ root: engine });

async function runStack(stackName: string, host: string): Promise<void> {
  const program = async (): Promise<Record<string, unknown>> => {
    seedStack({ host });
    const plain = new digitalocean.Droplet("plain", { name: `${stackName}-plain`, ...base });
    const seeded = new SeededDroplet("seeded", { name: `${stackName}-seeded`, ...base, host });
    return { seedId: seeded.seedId, ids: [plain.id, seeded.droplet.id], stack: pulumi.getStack() };
  };
  const workDir = join(dir, stackName);
  mkdirSync(workDir);
  const inline = { stackName, projectName: "two", program };
  const stack = await automation.LocalWorkspace.createOrSelectStack(inline, { workDir, pulumiCommand: command });
  const preview = await stack.preview();
  const first = await stack.up();
  const second = await stack.up({ expectNoChanges: true });
  const changes = [preview.changeSummary, first.summary.resourceChanges, second.summary.resourceChanges];
  console.log(JSON.stringify({ stackName, outputs: first.outputs, changes }));
}

await Promise.all(mints.map((host, n) => runStack(`s${n}`, host)));
