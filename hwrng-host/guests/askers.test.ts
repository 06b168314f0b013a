import { type Asker, keyPair, toHex } from "@bootseed/protocol";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";
import { WHY } from "./notices.ts";

const HOUR = 3600;

/** A VM that won its seed and has reported. */
async function reported(host: Bench): Promise<TestGuest> {
  const guest = await host.guest("instance");
  await host.created(guest);
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
  return guest;
}
/** The same user-data on another disk: another identity. */
const rebuilt = (guest: TestGuest): void => void (guest.identity = keyPair("ed25519", noise(32, 9)));
const ask = async (host: Bench, guest: TestGuest, instanceId?: string): Promise<number> =>
  (await host.send("/v1/claims", guest.claim(instanceId === undefined ? {} : { instanceId }))).status;
const askersOf = async (host: Bench): Promise<readonly Asker[]> => (await host.vm())?.askers ?? [];

describe("C17 (digitalocean/doctl#708): a droplet that was rebuilt in the panel", () => {
  it("is noticed by its instance id and its other identity, durable, told to pulumi, until an operator clears it", async () => {
    await using host = new Bench();
    const guest = await reported(host);
    rebuilt(guest);
    expect(await ask(host, guest)).toBe(409);
    const at = host.clock.now;
    const asker = { instanceId: "4711", sameInstance: true, afterReport: true, firstAt: at, lastAt: at, count: 1 };
    host.restart();
    expect([await askersOf(host), await host.created(guest)]).toEqual([
      [asker],
      { vms: [expect.objectContaining({ askers: [asker] })] },
    ]);
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/acknowledge`, {})).status).toBe(200);
    expect(await askersOf(host)).toEqual([]);
    expect(await ask(host, guest)).toBe(409);
    expect(await askersOf(host)).toMatchObject([{ sameInstance: true }]);
  });

  it("is noticed also while there is no entropy, and when it has had its answers", async () => {
    await using host = new Bench();
    const guest = await reported(host);
    rebuilt(guest);
    writeFileSync(host.device.device, "");
    host.clock.now += 1;
    host.device.become("another");
    expect(await ask(host, guest)).toBe(503);
    expect(await askersOf(host)).toMatchObject([{ sameInstance: true }]);
  });
});

describe("C16 (lima-vm/lima#678, canonical/lxd#17063): an instance id that changed at a stop and start", () => {
  it.each([
    ["with the identity wiped, as the kit does", true],
    ["with the same identity", false],
  ])("is noticed: %s", async (_, wiped) => {
    await using host = new Bench();
    const guest = await reported(host);
    if (wiped) rebuilt(guest);
    host.clock.now += HOUR;
    expect(await ask(host, guest, "i-new")).toBe(409);
    expect(await askersOf(host)).toMatchObject([
      { instanceId: "i-new", sameInstance: false, afterReport: true, firstAt: host.clock.now },
    ]);
    expect(host.lines).toContainEqual({
      message: "claim needs an operator",
      fields: { seedId: toHex(guest.seedId), name: "web-7", instanceId: "i-new", why: WHY.other },
    });
  });
});

describe("an orphan of a create that was retried", () => {
  it("is shown apart: it asked before the VM reported, and goes on asking", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const own = guest.identity;
    rebuilt(guest);
    expect(await ask(host, guest, "orphan")).toBe(202);
    // Until the instance id is known, it is not known which of them is the VM.
    expect(await askersOf(host)).toEqual([]);
    await host.created(guest);
    guest.identity = own;
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    await host.send("/v1/reports", guest.report());
    rebuilt(guest);
    for (let i = 0; i < 100; i++) {
      host.clock.now += 900;
      await ask(host, guest, "orphan");
    }
    const [asker, ...others] = await askersOf(host);
    expect([asker, others]).toMatchObject([{ instanceId: "orphan", sameInstance: false, afterReport: false }, []]);
    expect(asker?.count).toBeGreaterThan(90);
    await host.post(`/v1/vms/${toHex(guest.seedId)}/acknowledge`, {});
    host.clock.now += 2 * HOUR;
    await ask(host, guest, "orphan");
    expect(await askersOf(host)).toEqual([]);
  });
});

describe("nothing is noticed", () => {
  it("of the VM's own repeated claims, and of claims that prove nothing", async () => {
    await using host = new Bench();
    const guest = await reported(host);
    await ask(host, guest);
    const forged = guest.claim({ instanceId: "x", claimKey: new Uint8Array(32) });
    expect((await host.send("/v1/claims", forged)).status).toBe(403);
    expect(await askersOf(host)).toEqual([]);
  });
});
