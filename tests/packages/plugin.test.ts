/**
 * The plugin for other languages, on the real engine: a program that knows the component by its token only. The engine
 * itself starts the plugin from its folder, and asks it for its schema.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pluginSchema, SCHEMA_FILE } from "../../tools/package/schema.ts";
import { startFakeMint } from "../engine/fake-mint.ts";
import { installedProject } from "./installed.ts";
import { ProjectBench } from "./project-bench.ts";
import { pluginIn, remoteProject } from "./remote-program.ts";

const DROPLET = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

const PROGRAM = `
const config = new pulumi.Config("fleet");
const made = config.requireObject("droplets").map(({ name, secret, ...args }) => {
  const userData = secret === undefined ? {} : { userData: pulumi.secret(secret) };
  return new RemoteDroplet(name, { ...args, ...userData });
});
export const knownHosts = made.map((one) => one.knownHosts);
export const seedIds = made.map((one) => one.seedId);
export const verdicts = made.map((one) => one.verdict);
export const dropletIds = made.map((one) => one.dropletId);
`;

let project: ProjectBench;
let plugin: string;

const declare = (...droplets: object[]): Promise<string> =>
  project.must("config", "set", "fleet:droplets", JSON.stringify(droplets.map((one) => ({ ...DROPLET, ...one }))));
const seeds = (): string[] => project.bench.api.posted.map((body) => String(body["user_data"]));
const committed = (): number => project.committed.length;

beforeAll(async () => {
  const installed = await installedProject();
  plugin = pluginIn(installed);
  project = await ProjectBench.open(remoteProject(installed, PROGRAM));
  await declare({ name: "web" });
});
afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

const schemaHere = (): object => JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as object;

it("the schema in the repository is what the SDK reads from the types", () => {
  expect(JSON.parse(pluginSchema())).toEqual(schemaHere());
});

it("the engine gets that schema from the plugin", async () => {
  const said = JSON.parse(await project.must("package", "get-schema", plugin).then(jsonIn)) as object;
  expect(said).toEqual({
    ...schemaHere(),
    config: {},
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
  });
});

/** The engine says first where it got its plugins from. */
const jsonIn = (output: string): string => output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1);

it("preview asks nobody", async () => {
  const output = await project.must("preview");
  expect(output).toMatch(/\+ 4 to create/);
  expect([project.mint.calls, project.bench.api.calls]).toEqual([[], []]);
});

it("up: one seed, committed by the hook in the plugin's process; the report's keys come back", async () => {
  await project.mustUp();
  expect(project.mint.calls).toEqual(["reserve 1", expect.stringMatching(/^commit web/), "created 1"]);
  expect(seeds()[0]).toContain("#cloud-boothook");
  expect(await project.output("knownHosts")).toEqual([expect.stringMatching(/^(\S+ ssh-ed25519 \S+\n)+$/)]);
  expect(await project.output("verdicts")).toEqual(["reseeded"]);
  expect(await project.output("seedIds")).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
});

it("no-op: nothing is committed, nothing changes", async () => {
  const before = await project.output("seedIds");
  await project.mustUp("--expect-no-changes");
  expect([committed(), project.bench.api.calls]).toEqual([0, []]);
  expect(await project.output("seedIds")).toEqual(before);
});

it("an edit of the user-data replaces the droplet: a fresh seed, new keys", async () => {
  const [before] = (await project.output("knownHosts")) as string[];
  await declare({ name: "web", userData: "#cloud-config\npackages: [jq]\n" });
  await project.mustUp();
  expect([committed(), seeds().length]).toEqual([1, 1]);
  expect(seeds()[0]).toContain("packages: [jq]");
  expect(project.bench.api.droplets.size).toBe(1);
  expect(await project.output("knownHosts")).not.toEqual([before]);
  await project.mustUp("--expect-no-changes");
});

it("preview and up in one command, two more droplets: a hook of the preview never serves the up", async () => {
  await declare(
    { name: "web", userData: "#cloud-config\npackages: [jq]\n" },
    { name: "a" },
    { name: "b", secret: "#!/bin/sh\n" },
  );
  project.mint.calls.length = 0;
  await project.must("up", "--yes");
  expect(committed()).toBe(2);
  expect(project.reserved).toBe(3);
  expect(await project.output("verdicts")).toEqual(["reseeded", "reseeded", "reseeded"]);
});

it("no seed: one sentence at the droplet, nothing is created, and a no-op is not in the way", async () => {
  await project.mint.close();
  await project.mustUp("--expect-no-changes");
  await declare(
    { name: "web", userData: "#cloud-config\npackages: [jq]\n" },
    { name: "a" },
    { name: "b", secret: "#!/bin/sh\n" },
    { name: "c" },
  );
  const { ok, output } = await project.up();
  await project.mint.listen();
  expect(ok).toBe(false);
  const said = output.slice(output.indexOf("Diagnostics:")).match(/^.*no seed for c.*$/gm);
  expect(said).toEqual([expect.stringMatching(/no seed for c.*nothing was created; run pulumi up again/)]);
  expect(project.bench.api.posted).toEqual([]);
  await project.mustUp();
  expect(committed()).toBe(1);
});

it("another host in the configuration, which is the plugin's own too, touches no droplet", async () => {
  await project.mustUp();
  const other = await startFakeMint(join(project.bench.dir, "other.sock"));
  await project.must("config", "set", "bootseed:host", other.url);
  await project.mustUp();
  expect([project.committed, project.bench.api.calls.filter((call) => !call.startsWith("GET"))]).toEqual([[], []]);
  expect(other.calls.length).toBeGreaterThan(0);
  await other.close();
});

it.each([
  ["a word", { wrap: "always" }, /property wrap .*expected "auto" or "force", got "always"/],
  ["a token for no host", { token: "canary-of-a-token" }, /property hosts .*expected one https:\/\/ host .*got 0/],
])(
  "%s that is wrong is said at the component: nothing is created, no token is shown",
  async (_what, more, sentence) => {
    await declare({ name: "wrong", hosts: [project.mint.url], ...more });
    const { ok, output } = await project.up();
    expect(ok).toBe(false);
    expect(output.match(/^\s+- property .*$/gm)).toEqual([expect.stringMatching(sentence)]);
    expect(output).not.toContain("canary");
    expect([project.committed, project.bench.api.posted]).toEqual([[], []]);
  },
);
