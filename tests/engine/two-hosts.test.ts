/** The program on the engine against two real hosts, and the shipped kit as the guest: k of n at mint, and who may be missing. */
import { parseSeedFile, toHex } from "@bootseed/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HostProcess } from "../loopback/host-process.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { KitVms, seedIn } from "./kit-vms.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
const hosts: HostProcess[] = [];
const vms = new KitVms();
const mints = (): string[] => hosts.map((host) => `unix://${host.dir}/mint.sock`);

beforeAll(async () => {
  if (!KIT_PYTHON) return;
  for (let n = 0; n < 2; n++) {
    const host = await HostProcess.make();
    hosts.push(host);
    await host.start();
  }
  bench = await Workbench.open();
  bench.api.onCreate = vms.boot;
});
afterAll(async () => {
  await vms[Symbol.asyncDispose]();
  for (const host of hosts) await host[Symbol.asyncDispose]();
  await bench?.close();
});

it.skipIf(!KIT_PYTHON)(
  "a droplet has one seed of each host, is enrolled at both, and both have its report",
  async () => {
    await bench.configure(mints(), [{ name: "web" }]);
    await bench.mustUp();
    const [booted] = await Promise.all(vms.boots);
    if (booted === undefined) throw new Error("nothing booted");
    const entries = parseSeedFile(seedIn(booted.droplet.userData));
    const seen = await Promise.all(hosts.map(async (host) => (await host.vms())[0]));
    expect(entries.map((entry) => toHex(entry.seedId))).toEqual(seen.map((vm) => vm?.seedId));
    expect(new Set(entries.flatMap((entry) => [entry.pool, entry.psk0, entry.claimKey].map(toHex))).size).toBe(6);
    for (const vm of seen) expect(vm).toMatchObject({ state: "reported", report: { hostKeys: booted.hostKeys } });
    for (const key of booted.hostKeys) expect(String(await bench.output("knownHosts"))).toContain(key);
  },
);

it.skipIf(!KIT_PYTHON)("both top it up; with one of them dead the other still does", async () => {
  const [booted] = await Promise.all(vms.boots);
  const [first, second] = hosts;
  expect((await booted?.guest.kit("topup"))?.code).toBe(0);
  await first?.stop();
  await booted?.guest.kit("topup now");
  expect(await second?.vms()).toMatchObject([{ topUps: 2, lastTopUp: { counter: 2 } }]);
});

it.skipIf(!KIT_PYTHON)("one host down: by default nothing is created; with minHosts 1 it is, and says so", async () => {
  await bench.mustUp("--expect-no-changes");
  await bench.configure(mints(), [{ name: "web" }, { name: "db" }]);
  const refused = await bench.up();
  expect(refused.ok).toBe(false);
  expect(refused.output).toMatch(/no seed for db: 1 of 2 hosts gave a seed, and minHosts is 2: host unix:\S+ is unre/);
  expect(bench.api.calls).not.toContain("POST /v2/droplets");

  await bench.must("config", "set", "bootseed:minHosts", "1");
  const output = await bench.mustUp();
  expect(output).toMatch(/1 of 2 hosts gave seeds, 1 are enough \(minHosts\)/);
  const booted = await vms.boots[1];
  expect(parseSeedFile(seedIn(booted?.droplet.userData ?? ""))).toHaveLength(1);
  for (const key of booted?.hostKeys ?? []) expect(String(await bench.output("knownHosts"))).toContain(key);
});
