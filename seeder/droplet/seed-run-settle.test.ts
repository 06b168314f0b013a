/** What a run hears of its stack with its reservations, and what it tells at its end. */
import { BootseedError } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Mint, noVm, open, web } from "../testing/memory-mint.ts";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import type { RunDroplets } from "./news.ts";

const OLD = { seedId: "cd".repeat(16), urn: "urn:old", name: "old" };
const knownAs = (instanceId: string) => () => ({ seedId: "ab".repeat(16), instanceId });
const only = (ids: Record<string, string>): RunDroplets => {
  const urns = new Set(Object.keys(ids));
  return { urns, ids: new Map(Object.entries(ids)), managed: urns, incomplete: false };
};
const addressesOf = async (): Promise<string[]> => ["192.0.2.7"];

describe("the end of a run", () => {
  it("asks nothing where there is nothing to tell", async () => {
    const mint = new Mint();
    mint.vmOf = knownAs("100");
    mint.says = { others: [], othersCut: 0, alarms: [], alarmsCut: 0 };
    const { run } = open(mint);
    await run.reserve("urn:web");
    await run.settle(only({ "urn:web": "100" }), addressesOf);
    expect(mint.asked).toEqual(["reserve 1"]);
  });
  it("asks nothing of an older host, nor of one that was away", async () => {
    const mint = new Mint();
    const { run, warnings } = open(mint);
    await run.reserve("urn:web");
    await run.settle(only({ "urn:web": "100" }), addressesOf);
    expect(mint.asked).toEqual(["reserve 1"]);
    mint.failReserve = new BootseedError("unreachable", "away");
    const other = open(mint);
    await other.run.reserve("urn:web");
    await other.run.settle(only({ "urn:web": "100" }), addressesOf);
    expect([mint.asked, warnings]).toEqual([["reserve 1", "reserve 1"], []]);
  });
  it("tells first which droplets were moved, then which are absent; what was asked for its report is told already", async () => {
    const mint = new Mint();
    mint.vmOf = () => null;
    mint.says = { others: [{ ...OLD, instanceId: "9" }] };
    const { run } = open(mint);
    await Promise.all([run.reserve("urn:web"), run.reserve("urn:db")]);
    mint.answers = [{ ...noVm, state: "reported", report: sampleReport() }];
    await run.report(web, 0, () => undefined);
    await run.settle(only({ "urn:web": "100", "urn:db": "101" }), addressesOf);
    expect(mint.asked).toEqual(["reserve 2", "created 1", "created 1", "absent urn:old"]);
  });
  it("asks for all VMs where the host's answer was cut, and judges those of its own stack that a program made", async () => {
    const mint = new Mint();
    mint.vmOf = knownAs("100");
    mint.says = { others: [{ ...OLD, instanceId: "9" }], othersCut: 4 };
    const kept = { stack: "o/p/s", urn: "urn:web", instanceId: "100" };
    const left = { ...kept, instanceId: "9" };
    mint.known = [
      sampleVm(kept),
      sampleVm({ ...left, urn: "urn:old" }),
      sampleVm({ ...left, urn: "urn:other stack", stack: "o/p/t" }),
      sampleVm({ ...left, urn: "urn:gone", goneAt: 1 }),
      sampleVm({ ...left, urn: "urn:first", bind: "first-claim" }),
      sampleVm({ ...left, urn: "", joined: true }),
    ];
    const { run } = open(mint);
    await run.reserve("urn:web");
    await run.settle(only({ "urn:web": "100" }), addressesOf);
    expect(mint.asked).toEqual(["reserve 1", "vms", "absent urn:old"]);
  });
  it("warns where the host cannot be told, and does not fail", async () => {
    const mint = new Mint();
    mint.vmOf = () => null;
    mint.answers = [new BootseedError("unreachable", "host unix:///h is unreachable")];
    const { run, warnings } = open(mint);
    await run.reserve("urn:web");
    await run.settle(only({ "urn:web": "100" }), addressesOf);
    expect(warnings).toEqual([
      "the host was not told which droplets the stack has: host unix:///h is unreachable. bootseed sync --stack o/p/s tells it",
    ]);
  });
});

describe("what the host says against VMs of the stack with a reservation", () => {
  const alarm = { seedId: noVm.seedId ?? "", urn: "urn:web", name: "web-1", rolledBackAt: 1_767_225_700 };
  const line = /^web-1: since 2026-01-01T00:01:40Z it asks with an older counter .*; see bootseed vm show web-1$/;

  it("is warned of, also of a VM that the run does not ask for, and never again in the run", async () => {
    const mint = new Mint();
    mint.says = { alarms: [alarm, { ...alarm, ...OLD }] };
    const { run, warnings } = open(mint);
    await run.reserve("urn:web");
    await run.reserve("urn:db");
    expect(mint.asked).toEqual(["reserve 1", "reserve 1"]);
    mint.answers = [{ ...noVm, state: "reported", report: sampleReport(), rolledBackAt: alarm.rolledBackAt }];
    await run.report(web, 0, () => undefined);
    expect(warnings).toEqual([expect.stringMatching(line), expect.stringMatching(/^old: since/)]);
  });
  it("an alarm of a VM that was moved is printed one time, too", async () => {
    const mint = new Mint();
    mint.says = { alarms: [{ ...alarm, urn: "urn:before" }] };
    const { run, warnings } = open(mint);
    await run.reserve("urn:web");
    mint.answers = [{ ...noVm, state: "reported", report: sampleReport(), rolledBackAt: alarm.rolledBackAt }];
    await run.report(web, 0, () => undefined);
    expect([warnings, run.alarmsOf("urn:web")]).toEqual([[expect.stringMatching(line)], [expect.anything()]]);
  });
});
