/** `seedStack`: an existing program gets seeds by one line, and nothing that exists changes. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fleet, type FleetDroplet } from "./fleet.ts";

const TEMPLATE = "#cloud-config\npackages: [jq]\n";
const FLEET: FleetDroplet[] = [
  { name: "web", args: { userData: TEMPLATE } },
  { name: "bare" },
  { name: "node", where: "component", args: { userData: TEMPLATE } },
  { name: "late", where: "apply" },
  { name: "hidden", secretUserData: TEMPLATE },
  { name: "ignored", args: { userData: TEMPLATE }, opts: { ignoreChanges: ["userData", "tags"] } },
  { name: "own", opts: { replacementTrigger: "v1" } },
  { name: "anchor" },
  { name: "after", addressOf: "anchor" },
];
const SEEDED = /^BOOTSEED=\S+$/m;

let fleet: Fleet;
const edit = (name: string, more: Partial<FleetDroplet>): Promise<void> =>
  fleet.declare(...FLEET.map((one) => (one.name === name ? { ...one, ...more } : one)));

beforeAll(async () => {
  fleet = await Fleet.open(false, ...FLEET);
  await fleet.mustUp();
});
afterAll(() => fleet?.[Symbol.asyncDispose]());

it("the one line changes nothing: preview with no host at all, and up", async () => {
  const before = [...fleet.bench.api.droplets.keys()];
  await fleet.set({ seedStack: "yes" });
  await fleet.mint.close();
  await fleet.bench.must("preview", "--expect-no-changes");
  await fleet.mint.listen();
  await fleet.mustUp("--expect-no-changes");
  expect(fleet.reserved).toBe(FLEET.length);
  expect(fleet.committed).toEqual([]);
  expect(fleet.bench.api.calls).toEqual([]);
  expect([...fleet.bench.api.droplets.keys()]).toEqual(before);
});

it("replacing each gives each a fresh seed, and its own user-data after it", async () => {
  const names = FLEET.map(({ name }) => name).filter((name) => name !== "anchor");
  const urns = await Promise.all(names.map((name) => fleet.bench.urn(name)));
  await fleet.mustUp(...urns.flatMap((urn) => ["--replace", urn]));
  expect(fleet.committed).toEqual(names.toSorted());
  const posted = new Map(fleet.bench.api.posted.map((body) => [String(body["name"]), String(body["user_data"])]));
  expect([...posted.keys()].toSorted()).toEqual(names.toSorted());
  for (const [name, userData] of posted) {
    expect(userData).toMatch(SEEDED);
    const own = name === "after" ? "# it is 127.77.0." : TEMPLATE;
    expect(userData.includes(own)).toBe(!["bare", "late", "own"].includes(name));
  }
  const seeds = new Set([...posted.values()].map((userData) => SEEDED.exec(userData)?.[0]));
  expect(seeds.size).toBe(names.length);
  expect(fleet.bench.api.droplets.size).toBe(FLEET.length);
  for (const [i, name] of names.entries()) {
    const row = fleet.mint.rows.find((one) => one.urn === urns[i]);
    expect(fleet.bench.api.droplets.get(Number(row?.instanceId))?.name).toBe(name);
  }
});

it("then nothing changes again", async () => {
  await fleet.mustUp("--expect-no-changes");
});

it("an edit of user-data replaces the droplet, with a fresh seed: plain, in a component, secret, where there was none", async () => {
  const edited = `${TEMPLATE}# 2\n`;
  const edits: Record<string, Partial<FleetDroplet>> = {
    web: { args: { userData: edited } },
    node: { args: { userData: edited } },
    hidden: { secretUserData: edited },
    bare: { args: { userData: edited } },
  };
  await fleet.declare(...FLEET.map((one) => ({ ...one, ...edits[one.name] })));
  await fleet.mustUp();
  expect(fleet.committed).toEqual(Object.keys(edits).toSorted());
  for (const body of fleet.bench.api.posted) expect(body["user_data"]).toContain("\n# 2\n");
  await fleet.declare(...FLEET);
  await fleet.mustUp();
  expect(fleet.committed).toEqual(Object.keys(edits).toSorted());
});

it("a droplet whose user-data its owner ignores is not replaced by an edit; other ignored properties stay ignored", async () => {
  const [ignored] = FLEET.filter(({ name }) => name === "ignored");
  await edit("ignored", {
    args: { userData: "#!/bin/sh\n", tags: ["new"] },
    ...(ignored?.opts ? { opts: ignored.opts } : {}),
  });
  await fleet.mustUp("--expect-no-changes");
  await edit("ignored", {});
});

it("a trigger of the user's own still works, and is not joined by ours", async () => {
  await edit("own", { args: { userData: TEMPLATE } });
  await fleet.mustUp("--expect-no-changes");
  await edit("own", { opts: { replacementTrigger: "v2" } });
  await fleet.mustUp();
  expect(fleet.committed).toEqual(["own"]);
  await fleet.mustUp("--expect-no-changes");
});

it("the state holds no seed in clear, and no quick hash of a secret template", async () => {
  const written = await fleet.bench.everythingWritten();
  for (const secret of fleet.mint.canaries) {
    expect(written.includes(Buffer.from(secret).toString("base64").slice(1, -4))).toBe(false);
    expect(written.includes(Buffer.from(secret).toString("hex"))).toBe(false);
  }
  const { deployment } = JSON.parse(await fleet.bench.must("stack", "export")) as {
    deployment: { resources: { urn: string; replacementTrigger?: unknown }[] };
  };
  const triggerOf = (name: string): unknown =>
    deployment.resources.find(({ urn }) => urn.endsWith(`droplet:Droplet::${name}`))?.replacementTrigger;
  expect(triggerOf("web")).toMatch(/^[0-9a-f]{64}$/);
  expect(triggerOf("hidden")).toMatch(/^[0-9a-f]{64}$/);
  // The same template: only who spends 10 ms a guess may compare.
  expect(triggerOf("hidden")).not.toBe(triggerOf("web"));
  expect(triggerOf("node")).toBe(triggerOf("web"));
});
