/** Hosts that rotate, move, and come back from yesterday: every VM follows, and nobody logs in to one. */
import { describe, expect, it } from "vitest";
import type { HostNode } from "./host-node.ts";
import { Operations } from "./operations.ts";
import { Operator } from "./operator.ts";
import { DAY, HOUR } from "./timeline.ts";
import { INTERVAL_MS, World } from "./world.ts";

const WITHIN_MS = 1.05 * INTERVAL_MS;
const VMS = 40;

type Scene = { readonly world: World; readonly alpha: HostNode; readonly operator: Operator };

async function scene(seed: string): Promise<Scene> {
  const world = await World.create({ seed, vms: VMS, hosts: { alpha: 1 } });
  const [alpha] = world.hosts;
  if (alpha === undefined) throw new Error("no host");
  return { world, alpha, operator: new Operator(alpha, world.random("operator"), world.ledger) };
}

/** Runs until every VM that is reachable must have been topped up; names those that were not. */
async function lockedOut({ world, alpha }: Scene, withinMs = WITHIN_MS): Promise<string[]> {
  const sinceMs = world.timeline.nowMs;
  await world.run(withinMs);
  const { guests, watch } = world;
  return guests.filter((vm) => watch.acceptedSince(vm.name, alpha.name, sinceMs) === 0).map((vm) => vm.name);
}

describe("a host that moves and changes its keys", () => {
  it("is followed to another address, packet key, certificate and root at once, and a stranger at the old address is told nothing", async () => {
    const stage = await scene("moves");
    const { world, alpha, operator } = stage;
    using _ = world;
    const [home = ""] = alpha.announce.advertise;
    await world.run(HOUR);
    operator.announceCertificate();
    operator.move(["10.9.9.9:7443", home]);
    world.listen(alpha);
    operator.newPacketKey();
    operator.newRoot();
    expect(await lockedOut(stage)).toEqual([]);
    operator.move(["10.9.9.9:7443"]);
    operator.useNewCertificate();
    expect(await lockedOut(stage)).toEqual([]);
    const asked: string[] = [];
    using other = await World.create({ seed: "stranger", vms: 0, hosts: { stranger: 1 } });
    const [stranger = alpha] = other.hosts;
    const handle = async (_vm: string, path: string): Promise<{ status: number; body: Uint8Array }> => {
      asked.push(path);
      return { status: 200, body: new Uint8Array(500) };
    };
    world.wire.listen(home, { host: stranger, handle });
    expect(await lockedOut(stage)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("is followed by VMs that slept through three rotations of each kind, and certificates nobody told them of", async () => {
    const stage = await scene("slept");
    const { world, alpha, operator } = stage;
    using _ = world;
    await world.run(HOUR);
    for (const vm of world.guests.filter((_vm, n) => n % 2 === 0)) vm.losePower(4 * DAY);
    for (let rotation = 0; rotation < 3; rotation++) {
      operator.announceCertificate();
      operator.newPacketKey();
      operator.newRoot();
      await world.run(DAY);
      operator.useNewCertificate();
    }
    await world.run(DAY);
    expect(await lockedOut(stage)).toEqual([]);
    // A lost database on top: certificates of the first packet key, under the first root, still prove their VMs.
    new Operations(world).loseDatabase(alpha);
    expect(await lockedOut(stage)).toEqual([]);
  });
});

describe("a state folder restored from yesterday", () => {
  it.each([1, 2, 3])(
    "with %i rotations of the packet key lost: the VM that saw the least speaks first",
    async (lost) => {
      const stage = await scene(`restored ${lost}`);
      const { world, alpha, operator } = stage;
      using _ = world;
      await world.run(HOUR);
      alpha.snapshot();
      await world.run(DAY);
      for (let rotation = 0; rotation < lost; rotation++) {
        operator.newPacketKey();
        await world.run(WITHIN_MS);
        // These keep the statement of now, and come back one group after the other.
        const group = world.guests.filter((vm, n) => vm.on && n % lost === rotation);
        for (const vm of group) vm.losePower((lost - 1) * WITHIN_MS + HOUR);
      }
      new Operations(world).restore(alpha, "folder");
      await world.run(lost * WITHIN_MS);
      expect(await lockedOut(stage)).toEqual([]);
    },
  );

  it("whose operator changes the packet key at once, as after a leak", async () => {
    const stage = await scene("leaked");
    const { world, alpha, operator } = stage;
    using _ = world;
    await world.run(HOUR);
    alpha.snapshot();
    await world.run(DAY);
    operator.newPacketKey();
    await world.run(WITHIN_MS);
    new Operations(world).restore(alpha, "folder");
    operator.newPacketKey();
    expect(await lockedOut(stage)).toEqual([]);
  });

  it("of before two changes of the certificate heals when its operator signs any statement", async () => {
    const stage = await scene("two certificates");
    const { world, alpha, operator } = stage;
    using _ = world;
    alpha.snapshot();
    for (let change = 0; change < 2; change++) {
      operator.announceCertificate();
      await world.run(DAY);
      operator.useNewCertificate();
    }
    new Operations(world).restore(alpha, "folder");
    // It shows a certificate that no VM knows any more: what a VM would present goes to no stranger.
    expect(await lockedOut(stage, 0.9 * INTERVAL_MS)).toHaveLength(VMS);
    operator.newPacketKey();
    world.watch.disturbed(null, alpha.name);
    expect(await lockedOut(stage)).toEqual([]);
  });

  it("with the certificate changed in between: guests know both pins", async () => {
    const stage = await scene("certificate");
    const { world, alpha, operator } = stage;
    using _ = world;
    operator.announceCertificate();
    await world.run(WITHIN_MS);
    alpha.snapshot();
    await world.run(DAY);
    operator.useNewCertificate();
    await world.run(WITHIN_MS);
    new Operations(world).restore(alpha, "folder");
    expect(await lockedOut(stage)).toEqual([]);
  });
});
