/** A thousand VMs and three hosts for two days. `BOOTSEED_SEED=… vitest run --project drills <this file>` replays one. */
import { describe, expect, it } from "vitest";
import { FAULTS } from "./ledger.ts";
import { simulate } from "./simulate.ts";
import { tell } from "./tell.ts";

const SEED = process.env["BOOTSEED_SEED"] ?? "1";

describe("two simulated days", () => {
  it("of a thousand VMs break no invariant, whatever happens to hosts, guests and the network", async () => {
    const told = await tell({ seed: SEED, vms: 1000, days: 2 }, "drills", "tests/simulation/story.test.ts");
    const missing = FAULTS.filter((fault) => !((told.faults.get(fault) ?? 0) > 0));
    expect(missing).toEqual([]);
    expect(told.counts.get("deliveries")).toBeGreaterThan(5000);
  });

  it("are the same when the seed is the same", async () => {
    const story = { vms: 20, days: 2 };
    const first = await simulate({ ...story, seed: "replay" });
    const again = await simulate({ ...story, seed: "replay" });
    const other = await simulate({ ...story, seed: "another" });
    expect(again).toMatchObject({ traceHash: first.traceHash, faults: first.faults, counts: first.counts });
    expect(other.traceHash).not.toBe(first.traceHash);
  });
});
