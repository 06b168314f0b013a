/** A host that is away, with every verb: it is in nobody's way but of a droplet that is to be made, and there before anything is done. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FleetDroplet } from "../fleet.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const WARNING = /^ +warning: no seeds in this run: host unix:\S+ is unreachable: .*/gm;
const OTHER: FleetDroplet = { name: "other" };

describe.skipIf(!present)("while the host is stopped", () => {
  let matrix: MatrixBench;
  const declare = (args: FleetDroplet["args"] = {}, ...more: FleetDroplet[]): Promise<void> =>
    matrix.declare({ name: "web", args }, OTHER, ...more);

  beforeAll(async () => {
    if (!present) return;
    matrix = await MatrixBench.open();
    await declare();
    await matrix.bench.mustUp();
    await matrix.machines.rest();
    await matrix.snapshot();
    await matrix.host.stop();
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  /** A run that passes with the one warning. */
  const passes = async (...args: string[]): Promise<void> => {
    expect((await matrix.bench.mustUp(...args)).match(WARNING)).toHaveLength(1);
  };
  /** A run that is refused in one sentence, before any API call. */
  const refuses = async (name: string, ...args: string[]): Promise<void> => {
    const { ok, output } = await matrix.bench.up(...args);
    expect(ok, output).toBe(false);
    const lines = output.split("\n").filter((line) => line.includes(`no seed for ${name}: `));
    expect(lines[0]).toMatch(
      /no seed for \S+: host unix:\S+ is unreachable: .*; nothing was created; run pulumi up again when that is mended/,
    );
    expect(matrix.bench.api.calls.filter((call) => !call.startsWith("GET "))).toEqual([]);
  };

  it("whatever needs no seed passes", async () => {
    const row = (what: string, droplet: string, act: () => Promise<unknown>): Promise<void> =>
      matrix.row(what, counts(0), droplet, act);
    await row("`up`, nothing changed", "kept: one warning", () => passes("--expect-no-changes"));
    await row("`refresh`", "kept", () => matrix.bench.must("refresh", "--yes"));
    await row("`up --refresh`", "kept: one warning", () => passes("--refresh"));
    await declare({ tags: ["a"] });
    await row("`preview` of tags", "kept: no warning", async () =>
      expect(await matrix.bench.must("preview")).not.toMatch(/no seeds/),
    );
    await row("`up`, tags", "changed in place: one warning", () => passes());
    await declare({ tags: ["a"], name: "web-2", size: "s-2vcpu-2gb" });
    await row("`up`, `name` and `size`", "changed in place: one warning", () => passes());
  });

  it("what would make a droplet anew is refused, and the old one stays", async () => {
    const row = (what: string, act: () => Promise<unknown>): Promise<void> =>
      matrix.row(what, counts(0), "kept: refused before any API call", act);
    await row("`up --replace`", async () => refuses("web-2", "--replace", await matrix.bench.urn("web")));
    await declare({ tags: ["a"], name: "web-2", size: "s-2vcpu-2gb", image: "debian-13-x64" });
    await row("`up`, another `image`", () => refuses("web-2"));
  });

  it("a new droplet is refused, and a run that is aimed at another one passes", async () => {
    await declare({ tags: ["a"], name: "web-2", size: "s-2vcpu-2gb" }, { name: "new" });
    await matrix.row("`preview` of a new droplet", counts(0), "none", () => matrix.bench.must("preview"), ["new"]);
    await matrix.row("`up`, a new droplet", counts(0), "none: refused before any API call", () => refuses("new"), [
      "new",
    ]);
    await matrix.row(
      "`up --target` another droplet",
      counts(0),
      "none: one warning",
      async () => passes("--target", await matrix.bench.urn("web")),
      ["new"],
    );
  });

  it("destroy passes", async () => {
    await matrix.row("`destroy`", counts(0), "2 gone", () => matrix.bench.must("destroy", "--yes", "--skip-preview"), [
      "web",
      "other",
    ]);
    expect(matrix.bench.api.droplets.size).toBe(0);
  });

  it("and it is back: the next up creates what was refused", async () => {
    await matrix.host.start();
    await matrix.declare({ name: "new" });
    await matrix.row("the host is back: `up`", counts(1, 1), "created", () => matrix.bench.mustUp(), ["new"]);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("host-away", import.meta.filename));
});
