import { createdAnswerSchema } from "@bootseed/protocol";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";

/** Transactions in SQLite's write-ahead log (https://www.sqlite.org/fileformat2.html#walformat): frames that end one. */
function commitsIn(host: Bench): number {
  const log = readFileSync(join(host.dir, "host.db-wal"));
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) commits++;
  return commits;
}

async function tell(host: Bench, droplets: object[]): Promise<readonly (string | null)[]> {
  const { status, body } = await host.post("/v1/created", { stack: "org/project/stack", droplets });
  expect(status).toBe(200);
  return createdAnswerSchema.parse(body).vms.map((vm) => vm.seedId);
}

it("all droplets of a request are written in one transaction", async () => {
  await using host = new Bench();
  const guests: TestGuest[] = [];
  for (let i = 0; i < 20; i++) guests.push(await host.guest("instance", `${i}`, `urn:${i}`));
  const before = commitsIn(host);
  const droplets = guests.map(({ urn, instanceId }, i) => ({ urn, instanceId, addresses: [`192.0.2.${i + 1}`] }));
  expect(new Set(await tell(host, droplets)).size).toBe(20);
  expect(commitsIn(host) - before).toBe(1);
  expect((await host.vms()).map((vm) => vm.addresses[0])).toEqual(expect.arrayContaining(["192.0.2.1", "192.0.2.20"]));
});

it("a droplet that a request names many times is answered each time and written once, as it is told last", async () => {
  await using host = new Bench();
  const { urn, instanceId } = await host.guest("instance");
  let written = 0;
  const seeds = host.context.store.seeds;
  const bind = seeds.bindCreated.bind(seeds);
  seeds.bindCreated = (...input) => (written++, bind(...input));
  const addresses = Array.from({ length: 100 }, (_, i) => [`192.0.2.${(i % 2) + 1}`]);
  const ids = await tell(
    host,
    addresses.map((list) => ({ urn, instanceId, addresses: list })),
  );
  expect([ids.length, new Set(ids).size, written]).toEqual([100, 1, 1]);
  expect((await host.vm())?.addresses).toEqual(["192.0.2.2"]);
});

it("two droplets of one URN in a request are answered each for itself", async () => {
  await using host = new Bench();
  const guests = [await host.guest("instance", "100"), await host.guest("instance", "101")];
  const [first, second] = guests.map(({ urn, instanceId }) => ({ urn, instanceId, addresses: [] }));
  const ids = await tell(host, [first ?? {}, second ?? {}]);
  expect(new Set(ids).size).toBe(2);
  const instances = (await host.vms()).map((vm) => String(vm.instanceId));
  expect(new Set(instances)).toEqual(new Set(["100", "101"]));
  expect(instances).toHaveLength(2);
});

it("each droplet is answered with its report and its alarms", async () => {
  await using host = new Bench();
  const guest = await host.guest("instance", "100");
  await host.created(guest);
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  await host.send("/v1/reports", guest.report());
  await host.send("/v1/claims", guest.claim({ instanceId: "stranger" }));
  const { vms } = createdAnswerSchema.parse(await host.created(guest));
  expect(vms).toMatchObject([{ state: "reported", report: { instanceId: "100" }, askers: [expect.anything()] }]);
});
