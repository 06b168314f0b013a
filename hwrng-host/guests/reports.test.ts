import { keyPair } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { damage } from "../../protocol/testing/mutations.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

describe("report", () => {
  it("is shown with the VM, and in the answer to `created`", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
    const vm = await host.vm();
    expect(vm).toMatchObject({ state: "reported", reportedAt: host.clock.now, hostKeysChanged: false });
    expect(vm?.report).toMatchObject({ verdict: "reseeded", evidence: { hostKeysBefore: 0 } });
    expect(await host.created(guest)).toMatchObject({ vms: [{ state: "reported", report: vm?.report }] });
  });

  it("may come again at every boot; the first stands", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await host.send("/v1/reports", guest.report());
    const bootId = "fedcba98-89ab-cdef-0123-456789abcdef";
    expect((await host.send("/v1/reports", guest.report({ bootId, verdict: "spent" }))).status).toBe(204);
    expect(await host.vm()).toMatchObject({ hostKeysChanged: false, report: { verdict: "reseeded" } });
  });

  it("with other host keys later is shown as changed, and its keys are not handed out", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await host.send("/v1/reports", guest.report());
    const before = await host.vm();
    guest.hostKey = keyPair("ed25519", noise(32, 5));
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
    expect(await host.vm()).toEqual({ ...before, hostKeysChanged: true, changed: expect.anything() });
    expect(host.logged.at(-1)).toMatch(/host keys changed/);
  });

  it("without a host key is refused, first or later: the first one with a key is accepted", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    expect(await host.send("/v1/reports", guest.report({ hostKeys: [] }, []))).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "reports.no-host-key": 1 });
    expect(await host.vm()).toMatchObject({ state: "claimed", report: null, hostKeysChanged: false });
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
    const accepted = await host.vm();
    expect(accepted).toMatchObject({ state: "reported", hostKeysChanged: false });
    expect(await host.send("/v1/reports", guest.report({ hostKeys: [] }, []))).toEqual(REFUSAL);
    expect(await host.vm()).toEqual(accepted);
  });

  it("that proves nothing good is logged as such", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await host.send("/v1/reports", guest.report({ verdict: "unproven" }));
    expect(host.logged.at(-1)).toMatch(/not proven/);
  });
});

describe("a VM that reports without end", () => {
  it("is heard thirty times an hour: its reports fill neither disk nor log, nor another VM's share", async () => {
    await using host = new Bench();
    const [guest, other] = [await enrolled(host), await enrolled(host)];
    const before = host.logged.length;
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) {
      guest.hostKey = keyPair("ed25519", noise(32, i % 2));
      statuses.push((await host.send("/v1/reports", guest.report())).status);
    }
    expect(statuses.filter((status) => status === 204)).toHaveLength(30);
    expect(host.logged.length - before).toBeLessThan(100);
    expect(host.context.refusals.counts()).toEqual({ "reports.limited": 70 });
    expect((await host.send("/v1/reports", other.report())).status).toBe(204);
    host.clock.now += 3600;
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
  });
});

describe("a report that proves nothing", () => {
  it("gets the identical empty 403 for bit flips and truncations", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    let step = 0;
    for (const { what, bytes } of damage(guest.report())) {
      // Every bit is tried in protocol/; here every 17th, through the whole handler.
      if (step++ % 17 === 0) expect(await host.send("/v1/reports", bytes), what).toEqual(REFUSAL);
    }
    expect(await host.vm()).toMatchObject({ state: "claimed", report: null });
  });

  it.each([
    ["another host", { hostId: "0011223344556677" }],
    ["another seed", { seedId: "00".repeat(16) }],
    ["another instance", { instanceId: "4712" }],
    ["another identity", { identityPk: "11".repeat(32) }],
    ["an unknown field", { more: true }],
  ])("gets the identical empty 403: %s", async (_, change) => {
    await using host = new Bench();
    const guest = await enrolled(host);
    expect(await host.send("/v1/reports", guest.report(change))).toEqual(REFUSAL);
  });

  it("gets it before the claim, and from a thief with another identity", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    expect(await host.send("/v1/reports", guest.report())).toEqual(REFUSAL);
    await host.send("/v1/claims", guest.claim());
    guest.identity = keyPair("ed25519", noise(32, 5));
    expect(await host.send("/v1/reports", guest.report())).toEqual(REFUSAL);
  });
});
