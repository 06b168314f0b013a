/** Single disasters in an otherwise quiet world; the watch checks its invariants meanwhile. */
import { describe, expect, it } from "vitest";
import type { GuestNode } from "./guest-node.ts";
import type { HostNode } from "./host-node.ts";
import { Operations } from "./operations.ts";
import { DAY, HOUR, MINUTE } from "./timeline.ts";
import { INTERVAL_MS, World } from "./world.ts";

/** Enough to see a queue. */
const VMS = 100;
/** What the timer's jitter adds to the interval. */
const WITHIN_MS = 1.05 * INTERVAL_MS;

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("expected one");
  return item;
}

/** VMs that got no packet of this host since then. */
function without({ guests, watch }: World, { name }: HostNode, sinceMs: number): string[] {
  return guests.filter((vm) => watch.acceptedSince(vm.name, name, sinceMs) === 0).map((vm) => vm.name);
}

describe("after 24 h of partition", () => {
  it.each(["the host", "every VM"])(
    "of %s, all are back within one interval, and nothing had queued up",
    async (who) => {
      using world = await World.create({ seed: `partition of ${who}`, vms: VMS, hosts: { alpha: 1 } });
      const alpha = only(world.hosts);
      await world.run(DAY);
      const sentBefore = world.ledger.of("packets sent");
      for (const { name } of who === "the host" ? [alpha] : world.guests) world.wire.cut(name, DAY);
      await world.run(DAY);
      expect(world.ledger.of("packets sent")).toBe(sentBefore);
      const backMs = world.timeline.nowMs;
      await world.run(20 * MINUTE);
      // Everybody was due: one delivery each, and no second one for the times that were missed.
      expect(world.ledger.of("packets sent")).toBe(sentBefore + VMS);
      expect(without(world, alpha, backMs)).toEqual([]);
      await world.run(0.8 * INTERVAL_MS);
      expect(world.ledger.of("packets sent")).toBe(sentBefore + VMS);
    },
  );
});

describe("a host whose database is the one of 24 h ago", () => {
  it("tops up all of 1,000 VMs within one interval", async () => {
    using world = await World.create({ seed: "restored", vms: 1000, hosts: { alpha: 1 } });
    const alpha = only(world.hosts);
    alpha.snapshot();
    await world.run(DAY);
    new Operations(world).restore(alpha, "database");
    const restoredMs = world.timeline.nowMs;
    await world.run(WITHIN_MS);
    expect(without(world, alpha, restoredMs)).toEqual([]);
  });

  it("or lost, too: every VM proves itself by its certificate", async () => {
    using world = await World.create({ seed: "lost", vms: 200, hosts: { alpha: 1 } });
    const alpha = only(world.hosts);
    await world.run(DAY);
    new Operations(world).loseDatabase(alpha);
    const lostMs = world.timeline.nowMs;
    await world.run(WITHIN_MS);
    expect(without(world, alpha, lostMs)).toEqual([]);
    expect(world.ledger.of("host: VM taken back by its certificate")).toBe(200);
  });
});

describe("one VM", () => {
  const quiet = async (seed: string): Promise<{ world: World; vm: GuestNode; alpha: HostNode }> => {
    const world = await World.create({ seed, vms: 1, hosts: { alpha: 1 } });
    return { world, vm: only(world.guests), alpha: only(world.hosts) };
  };

  it("whose disk was rolled back by two days is topped up next time, on a counter that rises", async () => {
    const { world, vm, alpha } = await quiet("rolled back");
    using _ = world;
    await world.run(HOUR);
    const image = vm.disk.image();
    await world.run(2 * DAY);
    vm.rollBack(image);
    const backMs = world.timeline.nowMs;
    await world.run(HOUR);
    expect(world.watch.acceptedSince(vm.name, alpha.name, backMs)).toBe(1);
    expect(world.ledger.of("host: this VM acknowledged a later packet: a restored disk or a clone")).toBe(1);
  });

  it("three of whose receipts are lost in a row misses no delivery", async () => {
    const { world, vm, alpha } = await quiet("receipts");
    using _ = world;
    vm.receiptsToLose = 3;
    await world.run(DAY);
    expect(world.watch.acceptedSince(vm.name, alpha.name, 0)).toBeGreaterThanOrEqual(4);
    expect(vm.receiptsToLose).toBe(0);
  });

  it.each(Array.from({ length: 16 }, (_, n) => n))(
    "that loses its power at step %i of a delivery takes the next one, and none twice",
    async (step) => {
      const { world, vm, alpha } = await quiet("power");
      using _ = world;
      await world.run(HOUR);
      vm.disk.crashAtStep(step);
      await world.run(3 * WITHIN_MS);
      const sinceMs = world.timeline.nowMs - WITHIN_MS;
      expect(world.watch.acceptedSince(vm.name, alpha.name, sinceMs)).toBeGreaterThan(0);
      expect(world.ledger.of("guest crashed")).toBe(1);
    },
  );
});

describe("VMs with three hosts, one dead for a week and one lying", () => {
  it("are topped up by the third as if the two were not there", async () => {
    const seed = "dead and lying";
    const alone = async (others: Record<string, number>): Promise<number> => {
      using world = await World.create({ seed, vms: 10, hosts: { alpha: 1, ...others } });
      const [alpha, dead, liar] = world.hosts;
      const operations = new Operations(world);
      if (liar !== undefined) operations.lie(liar);
      if (dead !== undefined) operations.dieFor(dead, 7 * DAY);
      let deliveries = 0;
      for (let day = 0; day < 8; day++) {
        const sinceMs = world.timeline.nowMs;
        await world.run(DAY);
        for (const { name } of world.guests) deliveries += world.watch.acceptedSince(name, alpha?.name ?? "", sinceMs);
        if (dead !== undefined && day < 6) expect(world.watch.acceptedSince("vm-0.", dead.name, 0)).toBe(0);
      }
      if (dead !== undefined) expect(without(world, dead, 7 * DAY)).toEqual([]);
      return deliveries;
    };
    const expected = 8 * 4 * 10;
    expect(Math.abs((await alone({})) - expected)).toBeLessThan(expected / 8);
    expect(Math.abs((await alone({ beta: 1, gamma: 1 })) - expected)).toBeLessThan(expected / 8);
  });
});
