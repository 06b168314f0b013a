/** `seedStack` where something is special: hosts that are away, hooks and settings of one droplet, imports, and its removal. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startFakeMint } from "./fake-mint.ts";
import { Fleet } from "./fleet.ts";

const TEMPLATE = "#cloud-config\npackages: [jq]\n";

describe("a host that is away", () => {
  it("no-op, tags and destroy pass; a create and a replacement are refused and cost no droplet", async () => {
    await using fleet = await Fleet.open(
      true,
      { name: "web", args: { userData: TEMPLATE } },
      { name: "first", opts: { deleteBeforeReplace: true } },
      { name: "disk", args: { volumeIds: ["v-1"] } },
    );
    await fleet.mustUp();
    expect(fleet.committed).toEqual(["disk", "first", "web"]);
    await fleet.mint.close();
    const output = await fleet.mustUp("--expect-no-changes");
    expect(output.match(/^ +warning: no seeds in this run: /gm)).toHaveLength(1);
    for (const name of ["web", "first", "disk"]) {
      const refused = await fleet.up("--replace", await fleet.bench.urn(name));
      expect(refused.ok).toBe(false);
      expect(refused.output).toMatch(
        new RegExp(`no seed for ${name}: host unix:\\S+ is unreachable: .*; nothing was cr`),
      );
      expect(fleet.bench.api.calls).toEqual([]);
    }
    await fleet.bench.must("destroy", "--yes", "--skip-preview");
    expect(fleet.bench.api.droplets.size).toBe(0);
    await fleet.mint.listen();
  });

  it("lost right after the create: one warning that names the remedy, and the run succeeds", async () => {
    await using fleet = await Fleet.open(true, { name: "web" });
    fleet.bench.api.onCreate = () => void fleet.mint.close();
    const output = await fleet.mustUp();
    expect(
      output.match(/^ +warning: web: the host was not told that it exists: .*bootseed sync --stack \S+ /gm),
    ).toHaveLength(1);
    expect(fleet.mint.rows).toMatchObject([{ name: "web", instanceId: null }]);
    await fleet.mint.listen();
  });
});

describe("the order of a replacement", () => {
  it("the new droplet first, unless the user wants it the other way round or a volume cannot be attached twice", async () => {
    const droplets = [
      { name: "web" },
      { name: "first", opts: { deleteBeforeReplace: true } },
      { name: "disk", args: { volumeIds: ["v-1"] } },
    ];
    await using fleet = await Fleet.open(true, ...droplets);
    await fleet.mustUp();
    // By a changed property: a forced replacement does not ask the provider for its order.
    const firstCall = async (name: string): Promise<string | undefined> => {
      const image = "debian-13-x64";
      await fleet.declare(
        ...droplets.map((one) => (one.name === name ? { ...one, args: { ...one.args, image } } : one)),
      );
      await fleet.mustUp();
      await fleet.declare(...droplets);
      const order = fleet.bench.api.calls.filter((call) => /^(POST .*droplets$|DELETE)/.test(call));
      await fleet.mustUp();
      expect(fleet.committed).toEqual([name]);
      return order[0];
    };
    expect(await firstCall("web")).toMatch(/^POST/);
    expect(await firstCall("first")).toMatch(/^DELETE/);
    expect(await firstCall("disk")).toMatch(/^DELETE/);
  });
});

describe("one droplet's own settings", () => {
  it("a droplet that is left alone, one of another host, and a SeededDroplet beside them: each has what it should", async () => {
    await using fleet = await Fleet.open(
      true,
      { name: "left", args: { userData: TEMPLATE } },
      { name: "far" },
      { name: "seeded", where: "seeded" },
      { name: "web" },
    );
    const far = await startFakeMint(join(fleet.bench.dir, "far.sock"));
    await fleet.set({ left: '["left"]', elsewhere: JSON.stringify({ far: far.url }) });
    await fleet.mustUp();
    expect(fleet.committed).toEqual(["seeded", "web"]);
    expect(fleet.reserved).toBe(2);
    expect(far.calls).toEqual(["reserve 1", "commit far", "created 1"]);
    const posted = new Map(fleet.bench.api.posted.map((body) => [body["name"], String(body["user_data"])]));
    expect(posted.get("left")).toBe(TEMPLATE);
    for (const name of ["far", "seeded", "web"]) expect(posted.get(name)?.match(/^BOOTSEED=/gm)).toHaveLength(1);
    await fleet.mustUp("--expect-no-changes");
    await far.close();
  });

  it("hooks of the user's own run too, and one that refuses costs no seed", async () => {
    await using fleet = await Fleet.open(true, { name: "web", ownHook: "throws" });
    const refused = await fleet.up();
    expect(refused.output).toMatch(/own hook of web refuses/);
    expect([fleet.committed, fleet.bench.api.posted]).toEqual([[], []]);
    await fleet.declare({ name: "web", ownHook: "passes" });
    expect(await fleet.mustUp()).toMatch(/own hook of web passes/);
    expect(fleet.committed).toEqual(["web"]);
  });

  it("user-data that preview cannot know", async () => {
    await using fleet = await Fleet.open(true, { name: "first" }, { name: "second", addressOf: "first" });
    expect(await fleet.bench.must("preview")).toMatch(/3 to create/);
    expect(fleet.mint.calls).toEqual([]);
    await fleet.mustUp();
    expect(String(fleet.bench.api.posted.at(-1)?.["user_data"])).toMatch(/# it is 127\.77\.0\.1\n/);
    await fleet.mustUp("--expect-no-changes");
  });

  it("called twice: said once, nothing made", async () => {
    await using fleet = await Fleet.open(false, { name: "web" });
    await fleet.set({ seedStack: "twice" });
    const { ok, output } = await fleet.bench.run("preview");
    expect(ok).toBe(false);
    expect(output.match(/^ +error: .*/gm)).toEqual([expect.stringMatching(/seedStack was called twice: .*by select/)]);
  });
});

describe("an imported droplet", () => {
  it("is not changed, by the import or later, and has a seed when it is made anew", async () => {
    await using fleet = await Fleet.open(false, { name: "web" });
    await fleet.mustUp();
    const [id] = [...fleet.bench.api.droplets.keys()];
    await fleet.bench.must("state", "delete", await fleet.bench.urn("web"), "--yes");
    await fleet.set({ seedStack: "yes" });
    for (const args of [{}, { userData: TEMPLATE }]) {
      await fleet.declare({ name: "web", args, opts: { import: String(id) } });
      await fleet.mustUp();
      expect(fleet.bench.api.calls.filter((call) => !call.startsWith("GET"))).toEqual([]);
      await fleet.mustUp("--expect-no-changes");
    }
    await fleet.declare({ name: "web", args: { userData: TEMPLATE } });
    await fleet.mustUp("--expect-no-changes");
    expect(fleet.committed).toEqual([]);
    await fleet.mustUp("--replace", await fleet.bench.urn("web"));
    expect(fleet.committed).toEqual(["web"]);
    expect(fleet.posted).toMatch(/^BOOTSEED=\S+$/m);
    expect(fleet.posted).toContain(TEMPLATE);
  });
});

describe("taking the line out again", () => {
  it("replaces what was made with a seed, unless its user-data is ignored; what was only adopted stays", async () => {
    const web = { name: "web", args: { userData: TEMPLATE } };
    const adopted = { name: "adopted", args: { userData: TEMPLATE } };
    await using fleet = await Fleet.open(false, adopted);
    await fleet.mustUp();
    await fleet.set({ seedStack: "yes" });
    await fleet.declare(adopted, web);
    await fleet.mustUp();
    expect(fleet.committed).toEqual(["web"]);

    await fleet.set({ seedStack: "no" });
    expect(await fleet.bench.must("preview")).toMatch(/1 to replace\n +2 unchanged/);
    await fleet.set({ seedStack: "ignore" });
    await fleet.bench.must("preview", "--expect-no-changes");
    await fleet.mustUp("--expect-no-changes");
    expect(fleet.mint.calls).toEqual([]);

    // Back again: as if it had never been out.
    await fleet.set({ seedStack: "yes" });
    await fleet.mustUp("--expect-no-changes");
    await fleet.declare(adopted, { name: "web", args: { userData: `${TEMPLATE}# 2\n` } });
    expect(await fleet.bench.must("preview")).toMatch(/1 to replace/);
  });
});
