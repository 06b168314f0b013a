import { toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };
const HOUR = 3600;
const DAY = 24 * HOUR;

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

/** One top-up with its receipt. @returns the status, and the counter to go on from */
async function topUp(host: Bench, guest: TestGuest, lastCounter: number): Promise<[number, number]> {
  const { status, bytes } = await host.send("/v1/packets", guest.hello({ lastCounter }));
  if (status !== 200) return [status, lastCounter];
  guest.lastCounter = lastCounter;
  const opened = guest.open(bytes);
  await host.send("/v1/receipts", guest.receipt(opened));
  return [status, opened.counter];
}

describe("four clones of one memory snapshot", () => {
  it("are all answered, and noticed: durable, with the seedId in the log, until an operator clears it", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const [, snapshot] = await topUp(host, guest, 0);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await topUp(host, guest, snapshot))[0]);
    expect(statuses).toEqual([200, 200, 200, 200]);
    const noticedAt = host.clock.now;
    expect(await host.vm()).toMatchObject({ rolledBackAt: noticedAt });
    expect(await host.created(guest)).toMatchObject({ vms: [{ rolledBackAt: noticedAt }] });
    const warned = host.lines.filter(({ message }) => /a restored disk or a clone/.test(message));
    expect(warned.map(({ fields }) => fields)).toEqual(
      Array(3).fill(expect.objectContaining({ seedId: toHex(guest.seedId) })),
    );
    host.clock.now += 30 * DAY;
    host.restart();
    await topUp(host, guest, 5);
    expect(await host.vm()).toMatchObject({ rolledBackAt: noticedAt });
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/acknowledge`, {})).status).toBe(200);
    expect(await host.vm()).toMatchObject({ rolledBackAt: null });
  });

  it("take nothing of the one that asked first, and get no more than a VM's share together", async () => {
    await using host = new Bench({ samples: noise(1 << 20) });
    const guest = await enrolled(host);
    let [, first] = await topUp(host, guest, 0);
    host.clock.now += DAY;
    const copies = [first, first, first];
    const [own, others]: [number[], number[]] = [[], []];
    for (let round = 0; round < 5 * 8; round++) {
      let status;
      [status, first] = await topUp(host, guest, first);
      own.push(status);
      for (const i of copies.keys()) {
        [status, copies[i]] = await topUp(host, guest, copies[i] ?? 0);
        others.push(status);
      }
      host.clock.now += 3 * HOUR;
    }
    expect(own).toEqual(Array(40).fill(200));
    const answered = others.filter((status) => status === 200).length;
    expect(answered).toBeGreaterThanOrEqual(5 * 8);
    expect(answered).toBeLessThanOrEqual(8 + 5 * 8);
  });

  it("are named in every refusal: quota, and a hello that was answered before", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const [, snapshot] = await topUp(host, guest, 0);
    for (let i = 0; i < 10; i++) await topUp(host, guest, snapshot);
    expect(await host.send("/v1/packets", guest.request(false))).toEqual(REFUSAL);
    const refused = host.lines.filter(({ message }) => message === "refused");
    expect(refused.length).toBeGreaterThanOrEqual(2);
    for (const { fields } of refused) expect(fields).toMatchObject({ code: "limited", seedId: toHex(guest.seedId) });
  });
});

describe("a hello behind what the VM acknowledged", () => {
  it("is noticed also while nothing can be answered: no entropy", async () => {
    await using host = new Bench({ samples: noise(1024 + 5 * 80) });
    const guest = await enrolled(host);
    expect(await topUp(host, guest, 0)).toEqual([200, 1]);
    expect((await host.send("/v1/packets", guest.hello({ lastCounter: 0 }))).status).toBe(503);
    expect(await host.vm()).toMatchObject({ rolledBackAt: host.clock.now });
  });

  it("is noticed also where the receipt was lost: a later hello showed what the VM had accepted", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    guest.open((await host.send("/v1/packets", guest.hello({ lastCounter: 0 }))).bytes);
    await host.send("/v1/packets", guest.hello({ lastCounter: 1 }));
    expect(await host.vm()).toMatchObject({ rolledBackAt: null });
    await host.send("/v1/packets", guest.hello({ lastCounter: 0 }));
    expect(await host.vm()).toMatchObject({ rolledBackAt: host.clock.now });
  });

  it("of a restored disk leads on: it is served like before, and is no alarm once an operator has looked", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    let counter = 0;
    for (let i = 0; i < 5; i++) {
      host.clock.now += 3 * HOUR;
      [, counter] = await topUp(host, guest, counter);
    }
    counter = 2;
    for (let day = 0; day < 10; day++) {
      host.clock.now += 6 * HOUR;
      const [status, next] = await topUp(host, guest, counter);
      expect(status).toBe(200);
      counter = next;
      if (day === 5) await host.post(`/v1/vms/${toHex(guest.seedId)}/acknowledge`, {});
    }
    expect(await host.vm()).toMatchObject({ rolledBackAt: null, topUps: 15 });
  });
});

describe("no clone is seen", () => {
  it("in lost answers, lost receipts and a host that lost its database", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const step = async (lastCounter: number): Promise<number> => {
      host.clock.now += 3 * HOUR;
      return (await host.send("/v1/packets", guest.hello({ lastCounter }))).status;
    };
    const statuses = [await step(0), await step(0), await step(0), await step(3), await step(3)];
    await topUp(host, guest, 3);
    host.clock.now += DAY;
    host.restart("lost");
    statuses.push((await host.send("/v1/packets", guest.hello({ lastCounter: 6, proof: true }))).status);
    statuses.push(await step(6), await step(8));
    expect(statuses).toEqual(Array(8).fill(200));
    expect(await host.vm()).toMatchObject({ rolledBackAt: null });
  });

  it("in hellos that were answered before and come again: refused, at no cost, and no alarm", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const old: Uint8Array[] = [];
    let counter = 0;
    for (let i = 0; i < 20; i++) {
      host.clock.now += DAY;
      const hello = guest.hello({ lastCounter: counter });
      const opened = guest.open((await host.send("/v1/packets", hello)).bytes);
      await host.send("/v1/receipts", guest.receipt(opened));
      old.push(hello);
      counter = guest.lastCounter = opened.counter;
    }
    host.clock.now += DAY;
    for (const hello of [...old, ...old]) expect(await host.send("/v1/packets", hello)).toEqual(REFUSAL);
    expect(await host.vm()).toMatchObject({ rolledBackAt: null, topUps: 20 });
    const next = [(await topUp(host, guest, counter))[0], (await topUp(host, guest, counter + 1))[0]];
    expect(next).toEqual([200, 200]);
  });
});
