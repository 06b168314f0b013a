/** Every way in which a droplet can be made anew: each gets a fresh seed, and an unchanged droplet keeps its own. */
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;

/** The seeds that reached a droplet, in order; the hook part ends the line after the seed. */
const seeds = (): string[] => bench.api.posted.map((body) => String(body["user_data"]));
const last = (list: string[]): string => list.at(-1) ?? "";

beforeAll(async () => {
  bench = await Workbench.open();
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
  await bench.configure(mint.url, [{ name: "web" }]);
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});
beforeEach(() => {
  mint.calls.length = 0;
});

/** Exactly one droplet was made, with user-data that no droplet had before, and the old one is gone. */
function expectOneFresh(before: number): void {
  expect(seeds()).toHaveLength(before + 1);
  expect(new Set(seeds()).size).toBe(seeds().length);
  expect(mint.calls).toEqual(["reserve 1", "commit web", "created 1"]);
  expect(bench.api.droplets.size).toBe(1);
}

it("preview mints nothing and asks nobody", async () => {
  await mint.close();
  const output = await bench.must("preview");
  await mint.listen();
  expect(output).toMatch(/4 to create/);
  expect(output).not.toMatch(/no seeds in this run/);
  expect(mint.calls).toEqual([]);
  expect(bench.api.calls).toEqual([]);
});

it("create: one reservation, one commit, then the API call with the seed in it", async () => {
  await bench.mustUp();
  expectOneFresh(0);
  expect(bench.api.calls).toEqual(["POST /v2/droplets", "GET /v2/droplets/100", "GET /v2/droplets/100"]);
  expect(seeds()[0]).toContain("\n\n#cloud-boothook\n");
  expect(mint.rows[0]).toMatchObject({ name: "web", instanceId: "100", urn: await bench.urn("web") });
});

it("no-op: the droplet keeps its seed, nothing is committed", async () => {
  const output = await bench.mustUp("--expect-no-changes");
  expect(output).toMatch(/4 unchanged/);
  expect(mint.calls).toEqual(["reserve 1", "created 1"]);
  expect(bench.api.calls).toEqual([]);
});

it("preview of a no-op asks no host and sees no change", async () => {
  await bench.must("preview", "--expect-no-changes");
  expect(mint.calls).toEqual([]);
});

it("tags are changed in place, with the calls of the official provider", async () => {
  await bench.configure(mint.url, [{ name: "web", tags: ["a"] }]);
  await bench.mustUp();
  expect(bench.api.calls.slice(0, 2)).toEqual(["POST /v2/tags", "POST /v2/tags/a/resources"]);
  await bench.configure(mint.url, [{ name: "web", tags: [] }]);
  await bench.mustUp();
  expect(bench.api.calls[0]).toBe("DELETE /v2/tags/a/resources");
  expect(bench.api.droplets.get(100)?.tags).toEqual([]);
  expect(seeds()).toHaveLength(1);
});

it("--replace", async () => {
  await bench.mustUp("--replace", await bench.urn("web"));
  expectOneFresh(1);
});

it("a changed image", async () => {
  await bench.configure(mint.url, [{ name: "web", image: "debian-13-x64" }]);
  await bench.mustUp();
  // The new one first: a seed that is refused at the last moment must not cost the old droplet.
  expect(bench.api.calls.indexOf("POST /v2/droplets")).toBeLessThan(bench.api.calls.indexOf("DELETE /v2/droplets/101"));
  expectOneFresh(2);
});

it("a changed template, which ignoreChanges would hide", async () => {
  await bench.configure(mint.url, [
    { name: "web", image: "debian-13-x64", userData: "#cloud-config\npackages: [jq]\n" },
  ]);
  expect(await bench.must("preview")).toMatch(/2 to replace/);
  await bench.mustUp();
  expectOneFresh(3);
  expect(last(seeds())).toContain("\n#cloud-config\npackages: [jq]\n");
});

it("a tainted droplet", async () => {
  await bench.must("state", "taint", await bench.urn("web"), "--yes");
  await bench.mustUp();
  expectOneFresh(4);
});

it("deleted behind Pulumi's back, then up --refresh", async () => {
  bench.api.droplets.clear();
  await bench.mustUp("--refresh");
  expectOneFresh(5);
});

it("two more droplets: all three are reserved for, only the two that are made get a seed", async () => {
  const template = { image: "debian-13-x64", userData: "#cloud-config\npackages: [jq]\n" };
  await bench.configure(mint.url, [{ name: "web", ...template }, { name: "db" }, { name: "cache" }]);
  await bench.mustUp();
  // How many fall into one request is a matter of time, which mint-client/batch.test.ts has in its hand.
  const reserved = mint.calls.filter((call) => call.startsWith("reserve")).map((call) => Number(call.split(" ")[1]));
  expect(reserved.reduce((sum, n) => sum + n, 0)).toBe(3);
  expect(mint.calls.filter((call) => call.startsWith("commit")).toSorted()).toEqual(["commit cache", "commit db"]);
  expect(new Set(seeds()).size).toBe(seeds().length);
});

it("destroy needs neither the program nor the host, and leaves no droplet", async () => {
  await mint.close();
  await bench.must("destroy", "--yes", "--skip-preview");
  await mint.listen();
  expect(bench.api.droplets.size).toBe(0);
  expect(mint.calls).toEqual([]);
});
