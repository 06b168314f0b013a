/** What a run of a program learns of its stack with its reservations, and what it says is absent. */
import { toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";
import { Stack } from "../testing/stack.ts";
import { mintApp } from "./app.ts";

const [OWN, OTHER] = ["org/project/own", "org/project/other"];
const GONE = "C13 (kubernetes-digitalocean-terraform#21, snoopdouglas/dobro#20): ";
const idOf = ({ seedId }: TestGuest): string => toHex(seedId);

/** Enrols a VM, lets it top up, and lets a copy of it top up from before that. */
async function cloned(host: Bench, guest: TestGuest): Promise<void> {
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  const opened = guest.open((await host.send("/v1/packets", guest.hello())).bytes);
  await host.send("/v1/receipts", guest.receipt(opened));
  expect((await host.send("/v1/packets", guest.hello({ lastCounter: 0 }))).status).toBe(200);
}

describe("the answer to a reservation", () => {
  it("has the machine that is known under each URN, the newest; and none of another stack", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    await stack.make("web", { instanceId: "100" });
    host.clock.now += 1;
    const young = await stack.make("web", { instanceId: "101" });
    await stack.make("committed");
    await new Stack(host, OTHER).make("db", { instanceId: "102" });
    const { reservations } = await stack.reserve("urn:web", "urn:committed", "urn:db");
    expect(reservations.map(({ vm }) => vm)).toEqual([{ seedId: idOf(young), instanceId: "101" }, null, null]);
  });

  it("has the stack's other VMs, those that are revoked too; not those that are gone, or whose create may be under way", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    await stack.make("failed");
    host.clock.now += 900;
    for (const name of ["web", "db", "gone"]) await stack.make(name, { instanceId: name });
    const revoked = await stack.make("revoked", { instanceId: "revoked" });
    await host.send("/v1/claims", revoked.claim());
    await host.post(`/v1/vms/${idOf(revoked)}/revoke`, {});
    const forgotten = await stack.make("forgotten", { instanceId: "forgotten" });
    await host.post(`/v1/vms/${idOf(forgotten)}/forget`, {});
    await stack.make("under way");
    await new Stack(host, OTHER).make("other", { instanceId: "102" });
    await host.guest("first-claim");
    await stack.present("web", "db", "revoked");
    const { others, othersCut } = await stack.reserve("urn:web", "urn:new");
    expect(others?.map(({ name, urn, instanceId }) => [name, urn, instanceId]).toSorted()).toEqual([
      ["db", "urn:db", "db"],
      ["revoked", "urn:revoked", "revoked"],
    ]);
    expect(othersCut).toBe(0);
  });

  it("has a seed that no machine took, once no create can be about it", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    const guest = await stack.make("failed");
    expect((await stack.reserve("urn:web")).others).toEqual([]);
    host.clock.now += 900;
    expect((await stack.reserve("urn:web")).others).toEqual([
      { seedId: idOf(guest), urn: "urn:failed", name: "failed", instanceId: null },
    ]);
  });

  it("has what speaks against the stack's VMs, wherever they are, until an operator clears it", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    const guest = await stack.make("web", { instanceId: "100" });
    await stack.make("db", { instanceId: "101" });
    await cloned(host, guest);
    const wanted = { seedId: idOf(guest), urn: "urn:web", name: "web", rolledBackAt: host.clock.now };
    for (const urn of ["urn:web", "urn:new"]) expect((await stack.reserve(urn)).alarms).toEqual([wanted]);
    expect((await new Stack(host, OTHER).reserve("urn:web")).alarms).toEqual([]);
    await host.post(`/v1/vms/${idOf(guest)}/acknowledge`, {});
    expect((await stack.reserve("urn:web")).alarms).toEqual([]);
  });

  it("has nothing against a VM that is gone, revoked, or was replaced", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    for (const name of ["gone", "revoked"]) await cloned(host, await stack.make(name, { instanceId: name }));
    const revoked = (await host.vms()).find((vm) => vm.name === "revoked");
    await host.post(`/v1/vms/${revoked?.seedId}/revoke`, {});
    await cloned(host, await stack.make("replaced", { instanceId: "replaced" }));
    host.clock.now += 1;
    await host.post(`/v1/vms/${idOf(await stack.make("replaced", { instanceId: "new" }))}/acknowledge`, {});
    expect((await stack.reserve("urn:web")).alarms).toMatchObject([{ name: "gone" }]);
    await stack.present("revoked");
    expect((await stack.reserve("urn:web")).alarms).toEqual([]);
  });

  it("says how many were cut", async () => {
    await using host = new Bench();
    const { seeds } = host.context.store;
    const many = (await new Stack(host, OWN).reserve(...Array.from({ length: 1002 }, (_, i) => `urn:${i}`)))
      .reservations;
    await host.context.store.together(() => {
      for (const { urn, seedId } of many)
        seeds.commit({
          seedId: Uint8Array.from(Buffer.from(seedId, "hex")),
          stack: OWN,
          urn,
          name: "web",
          bind: "instance",
          sourceClass: "chained",
          committedAt: 0,
        });
    });
    const { others, othersCut } = await new Stack(host, OWN).reserve("urn:0");
    expect([others?.length, othersCut]).toEqual([1000, 1]);
  });
});

describe("a VM that is absent", () => {
  it(`${GONE}is gone, and only that one; told again it is back`, async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    const guest = await stack.make("web", { instanceId: "100" });
    await stack.make("db", { instanceId: "101" });
    const absent = { stack: OWN, vms: [{ seedId: idOf(guest), urn: "urn:web" }] };
    expect(await stack.post("/v1/absent", absent)).toEqual({
      status: 200,
      body: { gone: [{ seedId: idOf(guest), name: "web", instanceId: "100" }] },
    });
    const goneAt = async (): Promise<unknown> =>
      Object.fromEntries((await host.vms()).map((vm) => [vm.name, vm.goneAt]));
    expect(await goneAt()).toEqual({ web: host.clock.now, db: null });
    expect((await stack.post("/v1/absent", absent)).body).toEqual({ gone: [] });
    await stack.tell({ instanceId: "100" });
    expect(await goneAt()).toEqual({ web: null, db: null });
  });

  it("stays when it was moved meanwhile, when its create may be under way, and when it is another stack's", async () => {
    await using host = new Bench();
    const stack = new Stack(host, OWN);
    const moved = await stack.make("web", { instanceId: "100" });
    await stack.tell({ urn: "urn:www", instanceId: "100" });
    const young = await stack.make("young");
    const other = await new Stack(host, OTHER).make("other", { instanceId: "102" });
    const vms = [moved, young, other].map((guest) => ({ seedId: idOf(guest), urn: guest.urn }));
    expect((await stack.post("/v1/absent", { stack: OWN, vms })).body).toEqual({ gone: [] });
    expect((await new Stack(host, OTHER, [OWN]).post("/v1/absent", { stack: OTHER, vms })).status).toBe(403);
    expect((await host.vms()).map((vm) => vm.goneAt)).toEqual([null, null, null]);
    expect((await stack.post("/v1/absent", { stack: OWN, vms: [{ seedId: "00", urn: "urn:web" }] })).status).toBe(400);
  });

  it("is accepted from a client with the role mint, and refused from one with the role read", async () => {
    await using host = new Bench();
    const body = { stack: OWN, vms: [] };
    expect((await new Stack(host, OWN, [OWN]).post("/v1/absent", body)).status).toBe(200);
    const reader = { name: "r", id: "r", account: "r", role: "read", stacks: ["**"], quotaPerHour: null } as const;
    const app = mintApp(host.context, () => reader);
    expect((await app.request("/v1/absent", { method: "POST", body: JSON.stringify(body) })).status).toBe(403);
  });
});
