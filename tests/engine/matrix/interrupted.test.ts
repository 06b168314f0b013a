/** kill -9 of all of `pulumi up` between every two steps: what is left, what the user does, and what comes of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { COMMIT, CREATE, CREATED, Interruptions, RESERVE } from "./interruptions.ts";
import { present } from "./matrix-bench.ts";
import type { Stop } from "./stops.ts";
import { type Counts, counts } from "./table.ts";

const FRESH = counts(1, 1);

describe.skipIf(!present)("up is killed", () => {
  let up: Interruptions;

  beforeAll(async () => {
    up = await Interruptions.open();
  });
  afterAll(() => up?.[Symbol.asyncDispose]());
  afterEach(async () => {
    await up.matrix.bench.must("destroy", "--yes", "--skip-preview");
    up.matrix.bench.api.droplets.clear();
  });

  const row = (stop: Stop, where: string, expected: Counts, droplet: string): Promise<void> =>
    up.matrix.row(`\`up\`, killed ${where}`, expected, droplet, () => up.kill(stop));
  const then = (what: string, expected: Counts, droplet: string, ...refresh: string[]): Promise<void> =>
    up.matrix.row(`… then ${what}`, expected, droplet, () => up.recover(...refresh));

  it("before the reservation", async () => {
    await row({ side: "before", call: RESERVE }, "before it reserves", counts(0), "none");
    expect((await up.matrix.bench.up()).output).toMatch(/the stack is currently locked by 1 lock/);
    await then("`cancel`, `up`", FRESH, "created");
  });

  it("between reservation and commit", async () => {
    const left = "none: the reservation is forgotten after 24 h";
    await row({ side: "before", call: COMMIT }, "between reservation and commit", counts(1), left);
    await then("`cancel`, `up`", FRESH, "created: with a warning of a pending operation, until it is cleared");
  });

  it("between commit and create", async () => {
    const left = "none: the committed seed is never used";
    await row({ side: "after", call: COMMIT }, "between commit and `POST`", counts(1, 1, 0, 0), left);
    await then("`cancel`, `refresh --clear-pending-creates`, `up`", FRESH, "created", "--clear-pending-creates");
  });

  const lost = (): Promise<void> => {
    const left = "none, 1 orphan: it runs, nobody knows its id, and so it cannot enrol";
    return row({ side: "after", call: CREATE }, "between `POST` and its answer", counts(1, 1, 1, 0), left);
  };

  it("between POST and its answer, and the orphan is deleted", async () => {
    await lost();
    up.matrix.bench.api.droplets.clear();
    const what = "delete it, `cancel`, `refresh --clear-pending-creates`, `up`";
    await then(what, FRESH, "created", "--clear-pending-creates");
  });

  it("between POST and its answer, and the orphan is taken in", async () => {
    await lost();
    // (`refresh --import-pending-creates` of engine 3.259 imports nothing: it only forgets what was pending.)
    await up.matrix.declare({ name: "web", opts: { import: String(up.matrix.made.at(-1)?.id) } });
    const what = "`cancel`, `refresh --clear-pending-creates`, `up` with `import: ID`";
    const droplet = "created: it is the orphan, which enrols with the seed that it has";
    await then(what, counts(1, 0, 0, 1), droplet, "--clear-pending-creates");
    await up.matrix.declare({ name: "web" });
    await up.matrix.bench.mustUp("--expect-no-changes");
  });

  it("between POST and its answer, and the orphan is left where it is", async () => {
    await lost();
    await then("`cancel`, `up`", FRESH, "created: a second one; the orphan never enrols");
    expect(up.matrix.bench.api.droplets.size).toBe(2);
  });

  it("between the create and the host's knowing", async () => {
    const left = "created: enrols when the host hears of it";
    await row({ side: "before", call: CREATED }, "before the host hears its id", counts(1, 1, 1, 0), left);
    await then("`cancel`, `up`", counts(1, 0, 0, 1), "kept");
  });

  it("while it waits for the report", async () => {
    const asked = { side: "before", call: CREATED, pass: 1 } as const;
    await row(asked, "while it waits for the report", FRESH, "created: enrols without Pulumi");
    await then("`cancel`, `up`", counts(1), "kept: its host keys are in the outputs");
  });

  it("between the report and the state", async () => {
    const told = { side: "after", call: CREATED, text: /"report":\{/ } as const;
    await row(told, "with the report, before it is stored", FRESH, "created");
    await then("`cancel`, `up`", counts(1), "kept: its host keys are in the outputs");
  });

  it("is in docs/pulumi.md as it was here", () => up.matrix.expectInDocs("killed", import.meta.filename));
});
