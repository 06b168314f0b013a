import type { Asker, CreatedVm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import type { MintApi } from "../mint-client/client.ts";
import { sampleReport } from "../testing/sample-vm.ts";
import { SeedRun } from "./seed-run.ts";

const web = { urn: "urn:web", name: "web", instanceId: "100", addresses: ["192.0.2.7"] };
const asker: Asker = {
  instanceId: "100",
  sameInstance: true,
  afterReport: true,
  firstAt: 1_767_225_700,
  lastAt: 1_767_225_700,
  count: 1,
};
const orphan = { ...asker, instanceId: "101", sameInstance: false, afterReport: false };

function runWith(noticed: Partial<CreatedVm>): { run: SeedRun; warnings: string[] } {
  const refuse = (): never => {
    throw new Error("not asked here");
  };
  const client: MintApi = {
    reserve: refuse,
    commit: refuse,
    vms: refuse,
    absent: refuse,
    created: async (_, droplets) =>
      droplets.map(({ urn, instanceId }) => ({
        urn,
        instanceId,
        seedId: "ab".repeat(16),
        state: "reported" as const,
        report: sampleReport(),
        ...noticed,
      })),
  };
  const warnings: string[] = [];
  const run = new SeedRun({
    hosts: [{ host: "unix:///h", client }],
    minHosts: 1,
    stack: "o/p/s",
    warn: (message) => void warnings.push(message),
    now: () => 0,
    sleep: async () => undefined,
  });
  return { run, warnings };
}

describe("what the host notices about a droplet", () => {
  it.each<[string, Partial<CreatedVm>, RegExp]>([
    ["a clone", { rolledBackAt: 1_767_225_700 }, /^web: since 2026-01-01T00:01:40Z it asks with an older counter/],
    ["a rebuild", { askers: [asker] }, /^web: .* its disk was replaced, as by a rebuild/],
  ])("%s: is warned of once, is in the alarms, and leaves the report as it is", async (_, noticed, expected) => {
    const { run, warnings } = runWith(noticed);
    const plain = await runWith({}).run.report(web, 0, () => undefined);
    expect(await run.report(web, 0, () => undefined)).toEqual(plain);
    await run.report(web, 0, () => undefined);
    expect(warnings).toEqual([expect.stringMatching(expected)]);
    expect(run.alarmsOf("urn:web")).toHaveLength(1);
  });
  it("an orphan is warned of, and is no alarm", async () => {
    const { run, warnings } = runWith({ askers: [orphan] });
    await run.report(web, 0, () => undefined);
    expect([warnings, run.alarmsOf("urn:web")]).toEqual([
      [expect.stringMatching(/^web: the machine 101 was given/)],
      [],
    ]);
  });
  it("of a VM without another asker: no warning", async () => {
    const { run, warnings } = runWith({});
    await run.report(web, 0, () => undefined);
    expect([warnings, run.alarmsOf("urn:web"), run.alarmsOf("urn:other")]).toEqual([[], [], []]);
  });
});
