/** ^C once and twice, `cancel` of a run that is not dead, a second run of the same stack, and replacements that are ended half-way. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { COMMIT, CREATE, Interruptions } from "./interruptions.ts";
import { present } from "./matrix-bench.ts";
import { type Counts, counts } from "./table.ts";

const DELETE = /^DELETE \/v2\/droplets\/\d+$/;
const FRESH = counts(1, 1);

describe.skipIf(!present)("up is interrupted", () => {
  let up: Interruptions;
  beforeAll(async () => {
    up = await Interruptions.open();
  });
  afterAll(() => up?.[Symbol.asyncDispose]());
  afterEach(async () => {
    await up.matrix.bench.must("destroy", "--yes", "--skip-preview");
    up.matrix.bench.api.droplets.clear();
  });
  const row = (what: string, expected: Counts, droplet: string, act: () => Promise<unknown>): Promise<void> =>
    up.matrix.row(what, expected, droplet, act);
  const upAgain = (): Promise<string> => up.matrix.bench.mustUp();

  it("once, while the droplet is being made", async () => {
    const droplet = "created: enrols when the host hears of it";
    await row("`up`, ^C between `POST` and its answer", counts(1, 1, 1, 0), droplet, async () => {
      expect(await up.interruptOnce({ side: "after", call: CREATE })).toMatch(/cancel/i);
    });
    await row("… then `up`", counts(1, 0, 0, 1), "kept", upAgain);
  });

  it("once, between commit and create: the engine has the language host end the program, whose hook was under way", async () => {
    const left = "none: the committed seed is never used";
    await row("`up`, ^C between commit and `POST`", counts(1, 1, 0), left, async () => {
      const output = await up.interruptInHook({ side: "after", call: COMMIT });
      expect(output).toMatch(/before hook "bootseed-commit" failed: rpc error: code = Unavailable .*EOF/);
      expect(up.matrix.bench.api.calls).not.toContain("POST /v2/droplets");
    });
    await row("… then `up`", FRESH, "created", upAgain);
  });

  it("twice, while the droplet is being made", async () => {
    await row("`up`, ^C twice between `POST` and its answer", counts(1, 1, 1, 0), "none, 1 orphan: as if killed", () =>
      up.interruptTwice({ side: "after", call: CREATE }),
    );
    up.matrix.bench.api.droplets.clear();
    await row("… then delete it, `up`", FRESH, "created", upAgain);
  });

  it("twice, between commit and create", async () => {
    await row("`up`, ^C twice between commit and `POST`", counts(1, 1, 0, 0), "none", () =>
      up.interruptTwice({ side: "after", call: COMMIT }),
    );
    await row("… then `up`", FRESH, "created", upAgain);
  });

  it("a second run of the same stack", async () => {
    await row("`up` twice at the same time", FRESH, "created: the second is refused by the lock", async () => {
      const { ran } = await up.upTo({ side: "after", call: COMMIT });
      const second = await up.matrix.bench.run("up", "--yes", "--skip-preview");
      expect(second.output).toMatch(/the stack is currently locked by 1 lock/);
      up.stops.goOn();
      expect((await ran).ok).toBe(true);
    });
  });

  it("a replacement, killed between POST and its answer", async () => {
    await upAgain();
    const urn = await up.matrix.bench.urn("web");
    const left = "kept, 1 orphan: the old droplet is untouched";
    await row("`--replace`, killed between `POST` and its answer", counts(1, 1, 1, 0), left, () =>
      up.kill({ side: "after", call: CREATE }, "--replace", urn),
    );
    await row("… then `cancel`, `--replace` again", FRESH, "replaced: the orphan never enrols", async () => {
      await up.matrix.bench.must("cancel", "--yes");
      await up.matrix.bench.mustUp("--replace", urn);
    });
  });

  it("a replacement, killed before the old droplet is deleted", async () => {
    await upAgain();
    const urn = await up.matrix.bench.urn("web");
    const left = "replaced: the old one is still to be deleted";
    await row("`--replace`, killed before the old one is deleted", FRESH, left, () =>
      up.kill({ side: "before", call: DELETE }, "--replace", urn),
    );
    await row("… then `cancel`, `up`", counts(1), "kept: the old one is deleted", () => up.recover());
    expect(up.matrix.bench.api.droplets.size).toBe(1);
  });

  it("is in docs/pulumi.md as it was here", () => up.matrix.expectInDocs("interrupted", import.meta.filename));
});
