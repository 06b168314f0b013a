/** Every way in which a droplet is made, made anew, changed or taken away while the host is there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FleetDroplet } from "../fleet.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const OTHER: FleetDroplet = { name: "other" };
const TEMPLATE = "#cloud-config\npackages: [jq]\n";

describe.skipIf(!present)("a stack of two droplets, of which each act is about one", () => {
  let matrix: MatrixBench;
  const calls = (): string[] => matrix.bench.api.calls;
  const posts = (): string[] => calls().filter((call) => call === "POST /v2/droplets");
  const urn = (): Promise<string> => matrix.bench.urn("web");
  const idOf = (name: string): number =>
    [...matrix.bench.api.droplets.values()].find((droplet) => droplet.name === name)?.id ?? 0;
  const declare = (args: FleetDroplet["args"] = {}, other: FleetDroplet = OTHER): Promise<void> =>
    matrix.declare({ name: "web", args }, other);

  beforeAll(async () => {
    if (!present) return;
    matrix = await MatrixBench.open();
    await matrix.declare(OTHER);
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  it("is created", async () => {
    await matrix.row("`up`: the stack's first droplet", counts(1, 1), "created", () => matrix.bench.mustUp(), [
      "other",
    ]);
    expect(calls()[0]).toBe("POST /v2/droplets");
    expect(calls().slice(1).join()).toMatch(/^(GET \/v2\/droplets\/100,?)+$/);
    expect(String(matrix.bench.api.posted[0]?.["user_data"])).toContain("\n\n#cloud-boothook\n");
  });

  it("is shown by preview without any host or token", async () => {
    await declare();
    await matrix.set({ host: `https://127.0.0.1:9#sha256=${"00".repeat(32)}` });
    calls().length = 0;
    await matrix.row("`preview` of a new droplet; no host, no token", counts(0), "none", async () => {
      const output = await matrix.bench.must("preview");
      expect(output).toMatch(/3 to create/);
      expect(output).not.toMatch(/no seeds|127\.0\.0\.1:9\b/);
    });
    expect(calls()).toEqual([]);
    await matrix.set({ host: matrix.mint });
  });

  it("gets a neighbour", async () => {
    await matrix.row("`up`: a new droplet", counts(2, 1), "created", () => matrix.bench.mustUp());
    expect(posts()).toHaveLength(1);
  });

  it("is left alone by a no-op, also in preview without a host", async () => {
    await matrix.row("`up`: nothing changed", counts(2), "kept", () => matrix.bench.mustUp("--expect-no-changes"));
    expect(calls()).toEqual([]);
    await matrix.set({ host: "unix:///nonexistent/mint.sock" });
    await matrix.row("`preview`: nothing changed; no host", counts(0), "kept", async () =>
      expect(await matrix.bench.must("preview", "--expect-no-changes")).not.toMatch(/no seeds/),
    );
    await matrix.set({ host: matrix.mint });
  });

  it("is changed in place", async () => {
    await declare({ tags: ["a"] });
    await matrix.row("`up`: tags", counts(2), "changed in place", () => matrix.bench.mustUp());
    expect(calls().slice(0, 2)).toEqual(["POST /v2/tags", "POST /v2/tags/a/resources"]);
    await declare({ tags: ["a"], name: "web-2" });
    await matrix.row("`up`: another `name`", counts(2), "changed in place", () => matrix.bench.mustUp());
    await declare({ name: "web-2", size: "s-2vcpu-2gb", resizeDisk: false });
    await matrix.row("`up`: another `size`", counts(2), "changed in place", () => matrix.bench.mustUp());
    expect(matrix.bench.api.droplets.get(101)).toMatchObject({ name: "web-2", size: "s-2vcpu-2gb", tags: [] });
    await declare();
    await matrix.bench.mustUp();
  });

  it("is made anew, each time with a seed that no machine had before", async () => {
    await matrix.row("`up --replace`", counts(2, 1), "replaced", async () =>
      matrix.bench.mustUp("--replace", await urn()),
    );
    // The new one first: a seed that is refused at the last moment must not cost the old droplet.
    expect(calls().indexOf("POST /v2/droplets")).toBeLessThan(calls().indexOf("DELETE /v2/droplets/101"));
    await declare({ image: "debian-13-x64" });
    await matrix.row("`up`: another `image`", counts(2, 1), "replaced", () => matrix.bench.mustUp());
    await declare({ image: "debian-13-x64", userData: TEMPLATE });
    await matrix.row("`up`: other user-data of your own", counts(2, 1), "replaced", () => matrix.bench.mustUp());
    expect(matrix.bench.api.droplets.get(idOf("web"))?.userData).toContain(TEMPLATE);
    await matrix.bench.must("state", "taint", await urn(), "--yes");
    await matrix.row("`pulumi state taint`, then `up`", counts(2, 1), "replaced", () => matrix.bench.mustUp());
  });

  it("is aimed at, and the other waits for its turn", async () => {
    await declare({ userData: TEMPLATE }, { name: "other", args: { image: "debian-13-x64" } });
    await matrix.row("`up --target`: another `image` of both", counts(2, 1), "replaced", async () =>
      matrix.bench.mustUp("--target", await urn(), "--target-dependents"),
    );
    // Without its dependents: the report that is in the state stays that of the old one, until a run that is not aimed.
    const reported = async (): Promise<boolean> => {
      const { known } = await matrix.snapshot();
      const [seedId = ""] = matrix.made.toReversed().flatMap((made) => (made.name === "web" ? made.seedId : []));
      return known.some(({ kind, shown }) => kind === "report" && shown.includes(seedId));
    };
    await matrix.row(
      "`up --target-replace`",
      counts(2, 1),
      "replaced: its report is stored by the next `up`",
      async () => matrix.bench.mustUp("--target-replace", await urn()),
    );
    expect(await reported()).toBe(false);
    await declare({ userData: TEMPLATE });
    await matrix.row("`up` after that", counts(2), "kept", () => matrix.bench.mustUp());
    expect(await reported()).toBe(true);
  });

  it("is refreshed", async () => {
    await matrix.row("`refresh`: nothing changed", counts(0), "kept", () => matrix.bench.must("refresh", "--yes"));
    await matrix.row("deleted elsewhere, then `up --refresh`", counts(2, 1), "replaced", () => {
      matrix.bench.api.droplets.delete(idOf("web"));
      return matrix.bench.mustUp("--refresh");
    });
    await matrix.row("deleted elsewhere, then `refresh`", counts(0), "gone", () => {
      matrix.bench.api.droplets.delete(idOf("web"));
      return matrix.bench.must("refresh", "--yes");
    });
    await matrix.row("`up` after that", counts(2, 1), "created", () => matrix.bench.mustUp());
  });

  it("is taken away", async () => {
    await matrix.declare(OTHER);
    await matrix.row("`up`: a droplet taken out of the program", counts(1), "gone", () => matrix.bench.mustUp());
    await matrix.row("`destroy`", counts(0), "gone", () => matrix.bench.must("destroy", "--yes", "--skip-preview"), [
      "other",
    ]);
    expect(matrix.bench.api.droplets.size).toBe(0);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("life", import.meta.filename));
});
