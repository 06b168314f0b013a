/** A VM that a run marked as gone, though it is there: `up --target`, a delete that failed, `retainOnDelete`. */
import { currentOf, toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";
import { Stack } from "../testing/stack.ts";

const STACK = "org/project/stack";
const BACK = "VM is back: its stack said that it is gone, and it asks";

async function enrolled(host: Bench, name = "web", instanceId = "100"): Promise<TestGuest> {
  const guest = await new Stack(host, STACK).make(name, { urn: "urn:web", instanceId });
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

async function topUp(host: Bench, guest: TestGuest): Promise<void> {
  const { status, bytes } = await host.send("/v1/packets", guest.hello());
  expect(status).toBe(200);
  const opened = guest.open(bytes);
  await host.send("/v1/receipts", guest.receipt(opened));
  guest.lastCounter = opened.counter;
}

const absent = (host: Bench, guest: TestGuest): Promise<unknown> =>
  host.post("/v1/absent", { stack: STACK, vms: [{ seedId: toHex(guest.seedId), urn: guest.urn }] });
const saidBack = (host: Bench): object[] =>
  host.lines.flatMap(({ message, fields }) => (message === BACK ? [fields] : []));

describe("a VM that is gone and heard of", () => {
  it("by a top-up: within 900 s it may still be stopping; later it is back, which is logged once", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await absent(host, guest);
    const marked = host.clock.now;
    host.clock.now += 900;
    await topUp(host, guest);
    expect([(await host.vm())?.goneAt, saidBack(host)]).toEqual([marked, []]);
    host.clock.now += 1;
    await topUp(host, guest);
    host.clock.now += 10_800;
    await topUp(host, guest);
    expect([(await host.vm())?.goneAt, saidBack(host)]).toEqual([null, [{ seedId: toHex(guest.seedId) }]]);
  });

  it("a report brings nothing back, for it could be an old one that is sent again", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const report = guest.report();
    expect((await host.send("/v1/reports", report)).status).toBe(204);
    await absent(host, guest);
    const marked = host.clock.now;
    host.clock.now += 30 * 86_400;
    expect((await host.send("/v1/reports", report)).status).toBe(204);
    expect((await host.vm())?.goneAt).toBe(marked);
  });

  it("a mark of `present` counts no more than one of `absent`", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await new Stack(host, STACK).present();
    host.clock.now += 901;
    await topUp(host, guest);
    expect((await host.vm())?.goneAt).toBe(null);
  });

  it("a copy of it brings nothing back, and neither does a hello that is refused", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await topUp(host, guest);
    await absent(host, guest);
    const marked = host.clock.now;
    host.clock.now += 901;
    expect((await host.send("/v1/packets", guest.hello({ lastCounter: 0 }))).status).toBe(200);
    const hello = guest.hello();
    hello[40] = 1 ^ (hello[40] ?? 0);
    expect((await host.send("/v1/packets", hello)).status).toBe(403);
    expect((await host.vm())?.goneAt).toBe(marked);
  });

  it.each(["web", "web-5d6e7f8"])("and was replaced by %s: it is back, but not its URN's current VM", async (name) => {
    await using host = new Bench();
    const old = await enrolled(host, "web", "100");
    host.clock.now += 1;
    const young = await enrolled(host, name, "101");
    host.clock.now += 901;
    await topUp(host, old);
    const vms = await host.vms();
    expect(vms.map(({ goneAt }) => goneAt)).toEqual([null, null]);
    expect(currentOf(vms).map(({ seedId }) => seedId)).toEqual([toHex(young.seedId)]);
  });
});
