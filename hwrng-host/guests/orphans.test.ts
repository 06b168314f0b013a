/** Several machines that were given one user-data, as after a create that was retried: what an operator is told, and when. */
import { type Asker, keyPair, toHex } from "@bootseed/protocol";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alarmsOf, remarksOf } from "../../seeder/droplet/alarms.ts";
import { vmTable } from "../../seeder/cli/listing/vm-list.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const DAY = 86_400;
const OPERATOR = "claim needs an operator";

/** A machine with the same user-data, by its instance id, with an identity of its own. */
class Machine {
  readonly #host: Bench;
  readonly #guest: TestGuest;
  readonly #instanceId: string;
  readonly #identity;

  constructor(host: Bench, guest: TestGuest, instanceId: string, seed: number) {
    [this.#host, this.#guest, this.#instanceId] = [host, guest, instanceId];
    this.#identity = keyPair("ed25519", noise(32, seed));
  }

  async ask(): Promise<number> {
    const own = this.#guest.identity;
    this.#guest.identity = this.#identity;
    const claim = this.#guest.claim({ instanceId: this.#instanceId });
    this.#guest.identity = own;
    return (await this.#host.send("/v1/claims", claim)).status;
  }
}

const askersOf = async (host: Bench): Promise<readonly Asker[]> => (await host.vm())?.askers ?? [];
/** What an operator is told of claims: the instance ids in each line. */
const told = (host: Bench): string[] =>
  host.lines
    .filter(({ message }) => message.startsWith(OPERATOR))
    .map(({ fields }) => JSON.stringify(Object.entries(fields).find(([key]) => key.startsWith("instanceId"))?.[1]));
const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => 20 + i);

describe("a machine that has another's user-data", () => {
  it("is shown and logged before the stack has told which of the two is the VM", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const orphan = new Machine(host, guest, "99", 20);
    expect([await orphan.ask(), await askersOf(host), told(host)]).toEqual([202, [], []]);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(202);
    expect(await askersOf(host)).toMatchObject([
      { instanceId: "4711", undecided: true },
      { instanceId: "99", undecided: true },
    ]);
    const vm = await host.vm();
    if (vm === undefined) throw new Error("no VM");
    expect(vmTable([vm], host.clock.now)).toContain("! web-7: a second machine has its user-data");
    expect([alarmsOf(vm), remarksOf(vm)]).toEqual([
      [],
      [expect.stringMatching(/^the machines 4711 and 99 were given .* not told yet which of them is the VM/)],
    ]);
    expect(told(host)).toEqual([JSON.stringify(["4711", "99"])]);
  });

  it("is named alone as soon as the stack has told, before it asks again, and once", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const orphan = new Machine(host, guest, "99", 20);
    // As the kit asks within a minute; its day's answers are used up after eight.
    for (let i = 0; i < 12; i++) {
      await orphan.ask();
      await host.send("/v1/claims", guest.claim());
      host.clock.now += 5;
    }
    expect(await orphan.ask()).toBe(429);
    await host.created(guest);
    expect(told(host)).toEqual([JSON.stringify(["4711", "99"]), JSON.stringify("99")]);
    expect(await askersOf(host)).toMatchObject([{ instanceId: "99", sameInstance: false }]);
    expect((await askersOf(host))[0]).not.toHaveProperty("undecided");
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
    for (let day = 0; day < 3; day++) {
      for (let i = 0; i < 12; i++) await orphan.ask();
      await host.created(guest);
      host.clock.now += DAY;
    }
    expect(told(host)).toHaveLength(2);
  });

  it("is logged when there is no entropy for it, and when it asks for the first time after the VM", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
    writeFileSync(host.device.device, "");
    host.clock.now += 1;
    host.device.become("another");
    expect(await new Machine(host, guest, "99", 20).ask()).toBe(503);
    expect(told(host)).toEqual([JSON.stringify("99")]);
  });

  it("is shown with four others: a provider sends a create up to five times", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    for (const seed of seeds(4)) await new Machine(host, guest, `orphan-${seed}`, seed).ask();
    await host.send("/v1/claims", guest.claim());
    await host.created(guest);
    const ids = seeds(4).map((seed) => `orphan-${seed}`);
    expect((await askersOf(host)).map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(told(host).slice(-4).toSorted()).toEqual(ids.map((id) => JSON.stringify(id)));
  });

  it("is not shown or logged again by a restart once an operator has looked", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const orphan = new Machine(host, guest, "99", 20);
    await orphan.ask();
    await host.created(guest);
    await host.post(`/v1/vms/${toHex(guest.seedId)}/acknowledge`, {});
    const before = told(host).length;
    host.restart();
    expect(await orphan.ask()).toBe(202);
    expect([await askersOf(host), told(host).length]).toEqual([[], before]);
  });
});

describe("who has a VM's user-data and makes up instance ids", () => {
  it.each([
    ["before the stack told which is the VM", false],
    ["after that", true],
  ])("fills neither log nor database, %s", async (_, known) => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    if (known) await host.created(guest);
    for (let i = 0; i < 300; i++) await host.send("/v1/claims", guest.claim({ instanceId: `made-up-${i}` }));
    if (!known) await host.created(guest);
    expect(await askersOf(host)).toHaveLength(8);
    expect(told(host).length).toBeLessThanOrEqual(10);
    expect(told(host).length).toBeGreaterThanOrEqual(8);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });
});

describe("a claim that comes too late", () => {
  it("is logged once, however often it comes", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    host.clock.now += DAY;
    for (let i = 0; i < 12; i++) await host.send("/v1/claims", guest.claim());
    expect(told(host)).toEqual([JSON.stringify("4711")]);
  });
});
