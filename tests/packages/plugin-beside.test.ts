/**
 * The plugin beside the library, and beside itself under a provider of the program's own: three processes make seeded
 * droplets in one run, whose hook names have to differ.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { installedProject } from "./installed.ts";
import { ProjectBench } from "./project-bench.ts";
import { remoteProject } from "./remote-program.ts";

const PROGRAM = `
import { SeededDroplet, seedStack } from "bootseed";
class Provider extends pulumi.ProviderResource {
  constructor(name) {
    super("bootseed", name, {});
  }
}

const host = new pulumi.Config("bootseed").require("host");
seedStack({ host });
const args = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };
new SeededDroplet("own", { ...args, name: "own", host });
new RemoteDroplet("far", { ...args, name: "far" });
new RemoteDroplet("farther", { ...args, name: "farther" }, { provider: new Provider("another") });
`;

let project: ProjectBench;
beforeAll(async () => {
  project = await ProjectBench.open(remoteProject(await installedProject(), PROGRAM));
});
afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

it("each droplet gets one seed of its own, from the process that made it", async () => {
  await project.mustUp();
  expect(project.committed).toEqual(["far", "farther", "own"]);
  const seeds = project.bench.api.posted.map((body) => String(body["user_data"]));
  expect(new Set(seeds).size).toBe(3);
  await project.mustUp("--expect-no-changes");
  expect(project.committed).toEqual([]);
});

it("no seed lies in the clear in the state", async () => {
  const written = await project.bench.everythingWritten();
  const inClear = project.mint.canaries.filter(
    (seed) => written.includes(Buffer.from(seed)) || written.includes(Buffer.from(seed).toString("base64")),
  );
  expect(inClear).toEqual([]);
});
