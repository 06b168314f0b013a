/** `SeededDroplet` as people move into it and around it: aliases, imports, and the order of what is refused. */
import { describe, expect, it } from "vitest";
import { Fleet } from "./fleet.ts";

const TEMPLATE = "#cloud-config\npackages: [jq]\n";
const PLAIN_URN = "urn:pulumi:test::bootseed::digitalocean:index/droplet:Droplet::web";
type Exported = { deployment: { resources: { urn: string; sourcePosition?: string }[] } };
const web = { name: "web", args: { userData: TEMPLATE } };

describe("moving in", () => {
  it("from seedStack, by the droplet's URN: not replaced, and its keys are outputs at once", async () => {
    await using fleet = await Fleet.open(true, web);
    await fleet.mustUp();
    const [id] = [...fleet.bench.api.droplets.keys()];
    await fleet.set({ seedStack: "no" });
    await fleet.declare({ ...web, where: "seeded", opts: { aliases: [PLAIN_URN] } });
    await fleet.mustUp();
    expect(fleet.bench.api.calls).toEqual([]);
    expect([...fleet.bench.api.droplets.keys()]).toEqual([id]);
    await fleet.mustUp("--expect-no-changes");
    await fleet.mustUp("--replace", await fleet.bench.urn("web"));
    expect(fleet.committed).toEqual(["web"]);
    // Traces are not collected while its resources are made: their place in the program is found all the same.
    const { deployment } = JSON.parse(await fleet.bench.must("stack", "export")) as Exported;
    const { sourcePosition } = deployment.resources.find(({ urn }) => urn.endsWith(":Droplet::web")) ?? {};
    expect(sourcePosition).toMatch(/seeded-droplet\.ts#\d+,\d+$/);
  });

  it("by import: not changed, not replaced; a droplet that never had a seed says so", async () => {
    await using fleet = await Fleet.open(false, web);
    await fleet.mustUp();
    const [id] = [...fleet.bench.api.droplets.keys()];
    await fleet.bench.must("state", "delete", await fleet.bench.urn("web"), "--yes");
    await fleet.declare({ ...web, where: "seeded", opts: { import: String(id) } });
    await fleet.mustUp();
    expect(fleet.bench.api.calls.filter((call) => !call.startsWith("GET"))).toEqual([]);
    await fleet.declare({ ...web, where: "seeded" });
    await fleet.mustUp("--expect-no-changes");
    await fleet.mustUp("--replace", await fleet.bench.urn("web"));
    expect(fleet.committed).toEqual(["web"]);
  });
});

describe("the user-data", () => {
  it("an edit of a secret one replaces the droplet", async () => {
    await using fleet = await Fleet.open(false, { name: "web", where: "seeded", secretUserData: TEMPLATE });
    await fleet.mustUp();
    await fleet.mustUp("--expect-no-changes");
    await fleet.declare({ name: "web", where: "seeded", secretUserData: `${TEMPLATE}# 2\n` });
    await fleet.mustUp();
    expect(fleet.committed).toEqual(["web"]);
    expect(fleet.posted).toContain("\n# 2\n");
  });

  it("an edit of one that is ignored does not", async () => {
    const ignoring = { name: "web", where: "seeded", opts: { ignoreChanges: ["userData"] } } as const;
    await using fleet = await Fleet.open(false, { ...ignoring, args: { userData: TEMPLATE } });
    await fleet.mustUp();
    await fleet.declare({ ...ignoring, args: { userData: "#!/bin/sh\n" } });
    await fleet.mustUp("--expect-no-changes");
  });
});
