/** The simulation itself: each invariant is broken on purpose, and it must say so. */
import { describe, expect, it } from "vitest";
import type { HostContext } from "../../hwrng-host/host-context.ts";
import type { EnrolmentStore } from "../../hwrng-host/store/store.ts";
import { Mishaps } from "./mishaps.ts";
import { DAY, HOUR } from "./timeline.ts";
import { World, type WorldOptions } from "./world.ts";

const SMALL = { seed: "sabotage", vms: 20, hosts: { alpha: 1 } };

/** A host whose store does one thing differently. */
function withStore(bend: (enrolments: EnrolmentStore) => Partial<EnrolmentStore>): Partial<WorldOptions> {
  const bendHost = (context: HostContext): HostContext => {
    const { enrolments } = context.store;
    const bent = bend(enrolments);
    const proxy = new Proxy(enrolments, {
      get: (target, name: keyof EnrolmentStore) => bent[name] ?? target[name].bind(target),
    });
    return { ...context, store: { ...context.store, enrolments: proxy } };
  };
  return { bendHost };
}

describe("the simulation notices", () => {
  it("a host that uses a counter twice", async () => {
    const options = withStore((enrolments) => ({
      recordSend: (input) => {
        const outcome = enrolments.recordSend(input);
        return outcome.sent ? { ...outcome, counter: Math.min(outcome.counter, 2) } : outcome;
      },
    }));
    using world = await World.create({ ...SMALL, ...options });
    await expect(world.run(DAY)).rejects.toThrow(/alpha reused counter 2 for vm-\d+\.: 2 had left/);
  });

  it("a host that locks a VM out", async () => {
    const options = withStore((enrolments) => ({
      maySend: (input) => input.lastCounter < 1 && enrolments.maySend(input),
    }));
    using world = await World.create({ ...SMALL, ...options });
    await expect(world.run(DAY)).rejects.toThrow(/got nothing of alpha for 6\.\d+ h, though nothing kept them apart/);
  });

  it("a guest's disk that says that it synced, and did nothing", async () => {
    using world = await World.create({ ...SMALL, vms: 1 });
    const [guest] = world.guests;
    if (guest !== undefined) guest.disk.lies = true;
    await expect(world.run(HOUR)).rejects.toThrow(/on a counter that is not durable/);
  });

  it("a guest's disk that forgets what was synced", async () => {
    using world = await World.create({ ...SMALL, vms: 1 });
    const [guest] = world.guests;
    await world.run(HOUR);
    const image = guest?.disk.image() ?? new Map();
    await world.run(8 * HOUR);
    guest?.disk.rollBack(image);
    expect(() => guest?.losePower()).toThrow(/mixed counter 2 of alpha; its disk says 1/);
  });

  it("nothing at all in a world that is well", async () => {
    using world = await World.create(SMALL);
    new Mishaps(world, DAY).begin();
    await world.run(2 * DAY);
    expect(world.ledger.of("deliveries")).toBeGreaterThan(20 * 7);
  });
});
