/** A hundred droplets in one run, and droplets that the program only makes when it knows another one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FleetDroplet } from "../fleet.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const HUNDRED = Array.from({ length: 100 }, (_, n) => `web-${n}`);
const plain = (name: string): FleetDroplet => ({ name, where: "plain" });

describe.skipIf(!present)("a fleet", () => {
  let matrix: MatrixBench;
  beforeAll(async () => {
    matrix = await MatrixBench.open();
    await matrix.set({ seedStack: "yes" });
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  it("droplets inside an apply", async () => {
    const late: FleetDroplet[] = ["a", "b"].map((name) => ({ name, where: "apply", addressOf: "anchor" }));
    await matrix.declare(plain("anchor"), ...late);
    const all = counts(3, 3);
    const names = ["anchor", "a", "b"];
    const what = "`up`, two droplets made inside an `apply` of a third";
    await matrix.row(what, all, "3 created", () => matrix.bench.mustUp(), names);
    const none = counts(3);
    await matrix.row("… `up` again", none, "3 kept", () => matrix.bench.mustUp("--expect-no-changes"), names);
    await matrix.bench.must("destroy", "--yes", "--skip-preview");
  });

  it("a hundred in one run", { timeout: 600_000 }, async () => {
    await matrix.declare(...HUNDRED.map(plain));
    const all = counts(100, 100);
    const act = async (): Promise<void> => {
      // Each claims once while the others are made, and the rest when all are: a hundred that ask all the time would take the whole machine.
      void matrix.machines.rest();
      await matrix.bench.mustUp();
      matrix.machines.resume(() => true);
    };
    await matrix.row("`up` of 100 droplets", all, "100 created", act, HUNDRED);
    const seeds = new Set(matrix.made.map(({ seedId }) => seedId));
    expect(seeds.size).toBe(matrix.made.length);
    const none = counts(100);
    await matrix.row("… `up` again", none, "100 kept", () => matrix.bench.mustUp("--expect-no-changes"), HUNDRED);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("fleet", import.meta.filename));
});
