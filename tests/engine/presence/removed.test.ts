/** A droplet that is taken out of the program: when `up` has deleted it, the host knows; after a run that failed it is told nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { linesOf, PresenceBench } from "./presence-bench.ts";

const CASE = "C13 (kubernetes-digitalocean-terraform#21, snoopdouglas/dobro#20): ";
const WAYS = [
  ["seedStack", ["POST /v1/reservations"]],
  ["SeededDroplet", ["POST /v1/reservations", "POST /v1/created"]],
] as const;

describe.skipIf(!KIT_PYTHON)("a droplet that is taken out of the program", () => {
  it.each(WAYS)(
    `${CASE}%s: wait ends with 0, known-hosts has it no more, and a no-op tells nothing`,
    async (way, noOp) => {
      await using stack = await PresenceBench.open(way);
      const [web, db] = await stack.make("web", "db");
      if (web === undefined || db === undefined) throw new Error("expected two droplets");
      const both = (await stack.bootseed("known-hosts")).out;
      for (const vm of [web, db]) expect(`${both}\n`).toContain(linesOf(vm));
      const kept = [web, db].find(({ droplet }) => droplet.name === "web");
      if (kept === undefined) throw new Error("expected web");
      await stack.want("web");
      let deleted: string[] | undefined;
      stack.bench.api.pass = async (side, call) => {
        if (side !== "before" || !call.startsWith("DELETE /v2/droplets/")) return;
        // Long enough for a program that would not wait for the engine.
        await sleep(2000);
        deleted = stack.calls();
      };
      await stack.bench.mustUp();
      expect([deleted, stack.calls()]).toEqual([noOp, ["POST /v1/absent"]]);
      expect((await stack.bootseed("wait", "--timeout", "1ms")).code).toBe(0);
      expect(`${(await stack.bootseed("known-hosts")).out}\n`).toBe(linesOf(kept));
      expect(Object.keys(await stack.live())).toEqual(["web"]);
      await stack.bench.mustUp("--expect-no-changes");
      expect(stack.calls()).toEqual(noOp);
    },
  );

  it(`${CASE}one whose VM never came is not waited for either`, async () => {
    await using stack = await PresenceBench.open("seedStack");
    stack.bench.api.onCreate = () => undefined;
    await stack.want("never");
    await stack.bench.mustUp();
    stack.bench.api.onCreate = stack.machines.boot;
    await stack.make("never", "web");
    expect((await stack.bootseed("wait", "--timeout", "1ms")).code).toBe(75);
    await stack.want("web");
    await stack.bench.mustUp();
    expect((await stack.bootseed("wait", "--timeout", "1ms")).code).toBe(0);
  });
});

describe.skipIf(!KIT_PYTHON)("a run that failed tells nothing", () => {
  it.each(WAYS)("%s: the program throws after half of its droplets; a delete fails", async (way) => {
    await using stack = await PresenceBench.open(way);
    await stack.make("web", "db", "app");
    const before = await stack.live();
    await stack.want("web", "throw", "db", "app");
    expect((await stack.bench.up()).ok).toBe(false);
    expect(stack.calls()).not.toContain("POST /v1/absent");
    await stack.want("web", "db");
    stack.bench.api.pass = (side, call) => {
      if (side === "before" && call.startsWith("DELETE")) throw new Error("not deleted");
    };
    expect((await stack.bench.up()).ok).toBe(false);
    await stack.bench.must("preview");
    expect(stack.calls()).not.toContain("POST /v1/absent");
    expect(await stack.live()).toEqual(before);
    stack.bench.api.pass = () => undefined;
    await stack.bench.mustUp();
    expect(Object.keys(await stack.live()).toSorted()).toEqual(["db", "web"]);
  });
});
