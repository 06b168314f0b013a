/** Which machines exist: VMs that were moved, that are gone, whose address came back, and that are forgotten. */
import { toHex, type Vm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { Stack } from "../testing/stack.ts";

const [OLD, NEW] = ["org/project/old", "org/project/new"];
const MOVE = "C2 (pulumi/pulumi#837, #2402, #7421): ";
const GONE = "C13 (kubernetes-digitalocean-terraform#21, snoopdouglas/dobro#20): ";

const named = async (host: Bench, name: string): Promise<Vm | undefined> =>
  (await host.vms()).find((vm) => vm.name === name);

describe("a VM that was moved", () => {
  it(`${MOVE}another URN of the same stack: it is the same VM, with its report`, async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const guest = await stack.make("web", { instanceId: "100", addresses: ["192.0.2.1"] });
    expect(await stack.tell({ urn: "urn:component$web", addresses: ["192.0.2.1"] })).toBe(toHex(guest.seedId));
    expect(await host.vms()).toMatchObject([{ name: "web", stack: OLD, urn: "urn:component$web", instanceId: "100" }]);
  });

  it(`${MOVE}another stack: the host is told, and keeps one row`, async () => {
    await using host = new Bench();
    const guest = await new Stack(host, OLD).make("web", { instanceId: "100", addresses: ["192.0.2.1"] });
    expect(await new Stack(host, NEW).tell({ addresses: ["192.0.2.1"] })).toBe(toHex(guest.seedId));
    expect(await host.vms()).toMatchObject([{ stack: NEW, urn: "urn:web" }]);
    expect(host.logged).toContain("VM moved");
  });

  it.each([
    ["a client that may touch both stacks", ["org/project/*"], true],
    ["a client of the new stack alone", [NEW], false],
  ])(`${MOVE}%s`, async (_, stacks, taken) => {
    await using host = new Bench();
    await new Stack(host, OLD).make("web", { instanceId: "100", addresses: ["192.0.2.1"] });
    expect((await new Stack(host, NEW, stacks).tell({ addresses: ["192.0.2.1"] })) !== null).toBe(taken);
    expect((await host.vm())?.stack).toBe(taken ? NEW : OLD);
  });

  it("one id in two clouds is two machines: the addresses tell", async () => {
    await using host = new Bench();
    await new Stack(host, OLD).make("web", { instanceId: "100", addresses: ["192.0.2.1"] });
    expect(await new Stack(host, NEW).tell({ addresses: ["198.51.100.1"] })).toBe(null);
    const own = await new Stack(host, NEW).make("web", { instanceId: "100", addresses: ["198.51.100.1"] });
    expect((await host.vms()).find((vm) => vm.stack === NEW)?.seedId).toBe(toHex(own.seedId));
    expect((await host.vms()).map((vm) => vm.stack).toSorted()).toEqual([NEW, OLD]);
  });

  it("two stacks that name one machine: neither is believed by a third", async () => {
    await using host = new Bench();
    const told = { instanceId: "100", addresses: ["192.0.2.1"] };
    await new Stack(host, OLD).make("web", told);
    await new Stack(host, "org/project/liar").make("web", told);
    expect(await new Stack(host, NEW).tell(told)).toBe(null);
  });

  describe("of which a client of its old stack alone told", () => {
    const DROPLET = { instanceId: "100", addresses: ["192.0.2.1"] };
    /** Another client's VM, which it gives the id and the address of a droplet of the new stack. */
    const liar = (host: Bench): Stack => new Stack(host, OLD, [OLD], "liar");

    it("is not taken along: its host keys would stand for another stack's droplet, which has no seed", async () => {
      await using host = new Bench();
      const guest = await liar(host).make("web", DROPLET);
      expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
      expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
      expect(await new Stack(host, NEW).tell(DROPLET)).toBe(null);
      expect(await host.vms()).toMatchObject([{ stack: OLD, seedId: toHex(guest.seedId) }]);
    });

    it("does not keep the real one from being found", async () => {
      await using host = new Bench();
      const guest = await new Stack(host, "org/project/before").make("web", DROPLET);
      await liar(host).make("web", DROPLET);
      expect(await new Stack(host, NEW).tell(DROPLET)).toBe(toHex(guest.seedId));
    });

    it("is taken along where that client may touch the new stack, too, or an admin told it there once", async () => {
      await using host = new Bench();
      const both = await new Stack(host, OLD, [OLD, NEW], "both").make("both", { instanceId: "101" });
      expect(await new Stack(host, NEW, [OLD, NEW], "both").tell({ instanceId: "101" })).toBe(toHex(both.seedId));
      const guest = await liar(host).make("web", DROPLET);
      await new Stack(host, OLD).tell({ urn: "urn:web", ...DROPLET });
      await liar(host).tell({ urn: "urn:web", ...DROPLET });
      expect(await new Stack(host, NEW).tell(DROPLET)).toBe(toHex(guest.seedId));
    });

    it("a client that tells other addresses takes back what an admin confirmed", async () => {
      await using host = new Bench();
      const admin = new Stack(host, OLD);
      await admin.make("web", { instanceId: "100", addresses: ["192.0.2.9"] });
      await liar(host).tell({ urn: "urn:web", ...DROPLET });
      expect(await new Stack(host, NEW).tell(DROPLET)).toBe(null);
    });
  });

  it("an instance id that a machine said itself moves nothing", async () => {
    await using host = new Bench();
    const guest = await host.guest("first-claim", "100");
    await host.send("/v1/claims", guest.claim());
    expect(await new Stack(host, NEW).tell({})).toBe(null);
  });
});

describe("a VM that is gone", () => {
  it(`${GONE}what a stack has no more is gone, and only that; told again it is back`, async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    await stack.make("web", { instanceId: "100" });
    await stack.make("db", { instanceId: "101" });
    await new Stack(host, NEW).make("other", { instanceId: "102" });
    expect((await stack.present("101")).body).toMatchObject({ gone: [{ name: "web", instanceId: "100" }] });
    expect(await named(host, "web")).toMatchObject({ goneAt: host.clock.now });
    for (const name of ["db", "other"]) expect((await named(host, name))?.goneAt).toBe(null);
    expect((await stack.present("101")).body).toEqual({ gone: [] });
    await stack.tell({ instanceId: "100" });
    expect((await named(host, "web"))?.goneAt).toBe(null);
  });

  it("a seed without a machine is gone when no create can be about it any more", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    await stack.make("web");
    expect((await stack.present()).body).toEqual({ gone: [] });
    host.clock.now += 900;
    expect((await stack.present()).body).toMatchObject({ gone: [{ name: "web", instanceId: null }] });
    // A create that took so long all the same.
    expect(await stack.tell({ instanceId: "100" })).not.toBe(null);
    expect((await named(host, "web"))?.goneAt).toBe(null);
  });

  it("a client says nothing about a stack that is not its own, and a machine that no stack made stays", async () => {
    await using host = new Bench();
    await new Stack(host, OLD).make("web", { instanceId: "100" });
    expect((await new Stack(host, OLD, [NEW]).present()).status).toBe(403);
    await host.guest("first-claim");
    await new Stack(host, "org/project/stack").present();
    expect((await host.vms()).map((vm) => vm.goneAt)).toEqual([null, null]);
  });

  it(`${GONE}a droplet that was replaced is gone when the host hears of the new one`, async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const old = await stack.make("web", { instanceId: "100" });
    host.clock.now += 1;
    const young = await stack.make("web", { instanceId: "101" });
    const gone = Object.fromEntries((await host.vms()).map((vm) => [vm.seedId, vm.goneAt]));
    expect(gone).toEqual({ [toHex(old.seedId)]: host.clock.now, [toHex(young.seedId)]: null });
  });
});

describe("an address", () => {
  it.each([
    ["of the same stack", OLD, undefined, ["10.0.0.1"], []],
    ["of another stack: both have it", NEW, undefined, ["192.0.2.1"], ["192.0.2.1"]],
    ["of another stack, in a private network: both have it", NEW, undefined, ["10.0.0.1"], ["10.0.0.1"]],
    ["of a client that is no admin: both have it", OLD, [OLD], ["192.0.2.1"], ["192.0.2.1"]],
    ["of a stack that this client may not touch", NEW, [NEW], ["192.0.2.1"], ["192.0.2.1"]],
  ])(`${GONE}a new machine %s`, async (_, second, stacks, addresses, left) => {
    await using host = new Bench();
    await new Stack(host, OLD).make("old", { instanceId: "100", addresses });
    host.clock.now += 1;
    await new Stack(host, second, stacks).make("new", { instanceId: "101", addresses });
    expect((await named(host, "new"))?.addresses).toEqual(addresses);
    expect((await named(host, "old"))?.addresses).toEqual(left);
    // An old state that still has the old machine takes nothing back.
    await new Stack(host, OLD).tell({ urn: "urn:old", instanceId: "100", addresses });
    expect((await named(host, "old"))?.addresses).toEqual(left);
    expect((await named(host, "new"))?.addresses).toEqual(addresses);
  });
});

describe("a VM that is forgotten", () => {
  it(`${GONE}is in no list, and gets nothing more`, async () => {
    await using host = new Bench();
    const guest = await host.guest("first-claim");
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/forget`, {})).status).toBe(200);
    expect(await host.vms()).toEqual([]);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(403);
    expect(host.context.store.enrolments.get(guest.seedId)?.revokedAt).toBe(host.clock.now);
    host.restart();
    expect(await host.vms()).toEqual([]);
  });

  it(`${GONE}a seed that no machine has claimed can be claimed no more, nor be bound`, async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const guest = await stack.make("web");
    await host.post(`/v1/vms/${toHex(guest.seedId)}/forget`, {});
    expect(await stack.tell({ instanceId: guest.instanceId })).toBe(null);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(403);
    const first = await host.guest("first-claim");
    await host.post(`/v1/vms/${toHex(first.seedId)}/forget`, {});
    expect((await host.send("/v1/claims", first.claim())).status).toBe(403);
  });

  it(`${GONE}an unclaimed seed can be revoked, too`, async () => {
    await using host = new Bench();
    const guest = await host.guest("first-claim");
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/revoke`, {})).status).toBe(200);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(403);
  });

  it("an unknown seed is 404; a client that may mint may not forget", async () => {
    await using host = new Bench();
    const path = `/v1/vms/${"00".repeat(16)}/forget`;
    expect((await host.post(path, {})).status).toBe(404);
    expect((await new Stack(host, OLD, ["**"]).post(path)).status).toBe(403);
  });
});
