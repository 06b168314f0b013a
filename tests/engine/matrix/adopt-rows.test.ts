/** A program of plain droplets adopts us, upgrades us and lets us go again: what it costs in seeds, at a real host. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FleetDroplet } from "../fleet.ts";
import { upgrade } from "./another-version.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const userData = "#cloud-config\npackages: [jq]\n";
const FLEET: FleetDroplet[] = [
  { name: "web", where: "plain", args: { userData } },
  { name: "node", where: "component", args: { userData } },
  { name: "late", where: "apply" },
];
const NAMES = FLEET.map(({ name }) => name);

describe.skipIf(!present)("adopt, upgrade, let go", () => {
  let matrix: MatrixBench;
  beforeAll(async () => {
    matrix = await MatrixBench.open();
    for (const name of NAMES) matrix.unseeded.add(name);
    await matrix.set({ seedStack: "no" });
    await matrix.declare(...FLEET);
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());
  const noChange = async (): Promise<void> => {
    await matrix.bench.must("preview", "--expect-no-changes");
    await matrix.bench.mustUp("--expect-no-changes");
    expect(matrix.bench.api.calls).toEqual([]);
  };

  it("plain droplets, one in a component and one in an apply", async () => {
    await matrix.row("`up` without us", counts(0), "3 created", () => matrix.bench.mustUp(), NAMES);
  });

  it("adopt", async () => {
    await matrix.set({ seedStack: "yes" });
    await matrix.row("adopt: `seedStack` at the top, `up`", counts(3), "3 kept", noChange, NAMES);
  });

  it("one is made anew", async () => {
    // What came before us had none; from here on it is to have one.
    matrix.unseeded.delete("web");
    matrix.made.splice(0, Infinity, ...matrix.made.filter(({ name }) => name !== "web"));
    const urn = await matrix.bench.urn("web");
    await matrix.row("… `--replace` one of them", counts(3, 1), "replaced", () =>
      matrix.bench.mustUp("--replace", urn),
    );
  });

  it("upgrade", async () => {
    upgrade(join(matrix.bench.dir, "project"));
    await matrix.row("upgrade us: another kit, `up`", counts(3), "3 kept", noChange, NAMES);
    const urn = await matrix.bench.urn("web");
    await matrix.row("… `--replace` one of them", counts(3, 1), "replaced: with the new kit", async () => {
      await matrix.bench.mustUp("--replace", urn);
      const made = [...matrix.bench.api.droplets.values()].filter(({ name }) => name === "web");
      expect(made.map((droplet) => droplet.userData.includes(": another version\n"))).toEqual([true]);
    });
  });

  it("let go", async () => {
    await matrix.set({ seedStack: "no" });
    const warned = "3 kept: said beforehand: the seeded one would be replaced";
    await matrix.row(
      "take the line out: `preview`",
      counts(0),
      warned,
      async () => {
        expect(await matrix.bench.must("preview")).toMatch(/^ +\+-1 to replace\n +4 unchanged$/m);
      },
      NAMES,
    );
    await matrix.set({ seedStack: "ignore" });
    const what = "take the line out, ignore `userData`: `up`";
    await matrix.row(what, counts(0), "3 kept", noChange, NAMES);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("adopted", import.meta.filename));
});
