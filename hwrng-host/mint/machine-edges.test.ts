/** Which seed a droplet is bound to, and what a stack's list of machines marks as gone, at the edges of each rule. */
import { toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { Stack } from "../testing/stack.ts";

const [OLD, NEW, OWN] = ["org/project/old", "org/project/new", "org/project/stack"];
/** Longer than a create may be under way. */
const LATER = 901;

describe("a droplet that a program tells of", () => {
  it("is refused from a client that may not touch the stack", async () => {
    await using host = new Bench();
    const body = { stack: OLD, droplets: [{ urn: "urn:web", instanceId: "1", addresses: [] }] };
    expect((await new Stack(host, OLD, [NEW]).post("/v1/created", body)).status).toBe(403);
  });

  it("is not bound to a seed that was forgotten, were it bound to it before", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    await stack.forget(await stack.make("web", { instanceId: "100" }));
    expect(await stack.tell({ instanceId: "100" })).toBe(null);
  });

  it("is not bound to a seed for the first claim", async () => {
    await using host = new Bench();
    await host.guest("first-claim", "100", "urn:web");
    expect(await new Stack(host, OWN).tell({ instanceId: "100" })).toBe(null);
  });

  it("is bound to the newest of its URN's free seeds", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    await stack.make("web");
    host.clock.now += 1;
    const young = await stack.make("web");
    expect(await stack.tell({ instanceId: "100" })).toBe(toHex(young.seedId));
  });

  it.each([
    [1, "bound to the fresh seed of a create that is under way"],
    [LATER, "the VM that was moved to this URN, where the seed of a failed create is left"],
  ])("%i s after a commit is %s", async (seconds) => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const moved = await stack.make("db", { instanceId: "100", addresses: ["192.0.2.1"] });
    const fresh = await stack.make("web");
    host.clock.now += seconds;
    const expected = seconds === LATER ? moved : fresh;
    expect(await stack.tell({ instanceId: "100", addresses: ["192.0.2.1"] })).toBe(toHex(expected.seedId));
  });

  it("leaves a newer machine of its URN, told of before", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const old = await stack.make("web");
    host.clock.now += 1;
    const young = await stack.make("web", { instanceId: "101" });
    expect(await stack.tell({ instanceId: "100" })).toBe(toHex(old.seedId));
    const gone = (await host.vms()).find((vm) => vm.seedId === toHex(young.seedId))?.goneAt;
    expect(gone).toBe(null);
  });

  it("is its own stack's VM where another stack names the same machine", async () => {
    await using host = new Bench();
    const told = { instanceId: "100", addresses: ["192.0.2.1"] };
    const stack = new Stack(host, OLD);
    const own = await stack.make("web", told);
    await new Stack(host, "org/project/liar").make("web", told);
    expect(await stack.tell({ ...told, urn: "urn:component$web" })).toBe(toHex(own.seedId));
  });

  it.each([
    ["no address was known", [], ["192.0.2.1"], true],
    ["no address is told", ["192.0.2.1"], [], true],
    ["one address is the same", ["192.0.2.1", "192.0.2.2"], ["192.0.2.2", "192.0.2.3"], true],
    ["all are other addresses", ["192.0.2.1", "192.0.2.2"], ["192.0.2.3"], false],
  ])("that was moved is the same VM: %s", async (_, before, after, isSame) => {
    await using host = new Bench();
    const guest = await new Stack(host, OLD).make("web", { instanceId: "100", addresses: before });
    const found = await new Stack(host, NEW).tell({ instanceId: "100", addresses: after });
    expect(found).toBe(isSame ? toHex(guest.seedId) : null);
  });
});

describe("a stack's list of its machines", () => {
  it("marks nothing that was committed after the list was read", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OLD);
    const asOf = host.clock.now;
    host.clock.now += 1;
    await stack.make("web", { instanceId: "100" });
    const gone = async (at: number): Promise<unknown> =>
      (await stack.post("/v1/present", { stack: OLD, instanceIds: [], asOf: at })).body;
    expect(await gone(asOf)).toEqual({ gone: [] });
    expect(host.logged).not.toContain("VMs gone");
    expect(await gone(asOf + 1)).toMatchObject({ gone: [{ instanceId: "100" }] });
    expect(host.logged).toContain("VMs gone");
  });

  it("marks no machine with a seed for the first claim, and none that was forgotten", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    await host.guest("first-claim", "100", "urn:a");
    const claimed = await host.guest("first-claim", "101", "urn:b");
    await host.send("/v1/claims", claimed.claim());
    await stack.forget(await stack.make("web", { instanceId: "102" }));
    host.clock.now += LATER;
    expect((await stack.present()).body).toEqual({ gone: [] });
  });
});

describe("a VM that is forgotten", () => {
  it("is not dialled any more, and stays forgotten since the first time", async () => {
    await using host = new Bench();
    const guest = await host.guest("first-claim");
    await host.send("/v1/claims", guest.claim());
    const { seeds, push } = host.context.store;
    expect(push.set(guest.seedId, "192.0.2.7:7444", host.clock.now)).toBe(true);
    expect(push.all()).toHaveLength(1);
    const stack = new Stack(host, OWN);
    await stack.forget(guest);
    expect(push.all()).toEqual([]);
    const since = host.clock.now;
    host.clock.now += 1;
    await stack.forget(guest);
    expect(seeds.get(guest.seedId)?.forgottenAt).toBe(since);
  });
});
