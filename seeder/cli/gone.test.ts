/** VMs that are gone: in no list that people act on, never without a word. */
import { currentOf, type Vm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { forgettable } from "./forget.ts";
import { leftOut } from "./gone.ts";
import { knownHosts } from "./known-hosts.ts";
import { lookUp, ofStack, withWord } from "./select.ts";
import { timeOfExport } from "./stack-export.ts";
import { goneLines, tellPresent } from "./sync.ts";
import { vmTable } from "./listing/vm-list.ts";
import { waitForStack } from "./wait.ts";

const CASE = "C13 (kubernetes-digitalocean-terraform#21, snoopdouglas/dobro#20): ";
const web = sampleVm();
const gone = sampleVm({
  name: "old",
  urn: "urn:old",
  seedId: "cd".repeat(16),
  instanceId: "99",
  addresses: ["192.0.2.9"],
  committedAt: web.committedAt + 1,
  goneAt: 1_767_300_000,
});

async function wait(vms: readonly Vm[], ...names: string[]): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  const clock = { now: () => 0, sleep: async (): Promise<void> => undefined };
  const say = (line: string): void => void said.push(line);
  const code = await waitForStack({ vms: async () => vms, stack: web.stack, names, timeoutMs: 0, say, ...clock });
  return { code, said };
}

describe("a VM that is gone", () => {
  it(`${CASE}is not waited for, and wait says which it leaves out`, async () => {
    const { code, said } = await wait([web, { ...gone, report: null, state: "committed" }]);
    expect(code).toBe(0);
    expect(said).toEqual([
      expect.stringMatching(/^1 VM that is gone is left out: old; bootseed vm ls --all/),
      "all 1 VMs have reported, reseeded before their first key",
    ]);
  });

  it("is no VM of its stack: a stack without any other is not found, nor is its name", async () => {
    expect(() => ofStack([gone], web.stack)).toThrow(/no VM of the stack o\/p\/s exists any more: .*old/);
    await expect(wait([web, gone], "old")).rejects.toThrow(/no VM of o\/p\/s is called old$/);
  });

  it(`${CASE}known-hosts vouches for none of its keys, and says so`, () => {
    const all = knownHosts([web, gone], [], 22);
    expect(all.lines).toMatch(/^192\.0\.2\.7 \S+ \S+\n$/);
    expect(all.remarks).toEqual([expect.stringMatching(/1 VM that is gone is left out: old/)]);
    for (const host of ["old", "192.0.2.9"])
      expect(knownHosts([web, gone], [host], 22)).toMatchObject({
        lines: "",
        remarks: ["old is gone: nothing is printed for it"],
      });
  });

  it("gives way to a machine that has its name or its address, however old that is", () => {
    const heir = { ...web, name: "old", addresses: gone.addresses };
    expect([lookUp([gone, heir], "old"), withWord([gone, heir], "192.0.2.9")]).toEqual([heir, heir]);
    expect(currentOf([gone, heir])).toEqual([heir]);
    expect(knownHosts([gone, heir], ["192.0.2.9"], 22).lines).not.toBe("");
  });

  it("is marked in the table", () => {
    expect(vmTable([web, gone], 0)).toMatch(/^old .* gone +never$/m);
    expect(leftOut([web])).toEqual([]);
  });
});

describe("sync", () => {
  it(`${CASE}tells the host all machines, as of the time of the state, and names those that are gone`, async () => {
    const told: unknown[] = [];
    const present = async (
      ...args: unknown[]
    ): Promise<{ seedId: string; name: string; instanceId: string | null }[]> => {
      told.push(args);
      return [
        { seedId: gone.seedId, name: "old", instanceId: "99" },
        { seedId: gone.seedId, name: "never", instanceId: null },
      ];
    };
    const text = '{"deployment":{"manifest":{"time":"2026-01-02T03:04:05.6+01:00"}}}';
    const asOf = timeOfExport(text);
    expect([asOf, timeOfExport('{"deployment":{}}')]).toEqual([Date.UTC(2026, 0, 2, 2, 4, 5) / 1000, undefined]);
    const answer = await tellPresent({ present }, "o/p/s", ["100"], asOf, () => undefined);
    expect(told).toEqual([["o/p/s", ["100"], asOf]]);
    expect(goneLines(answer)).toBe(`gone: old (99)\ngone: never (seed ${gone.seedId})\n`);
  });

  it("never sends a part of a stack as the whole", async () => {
    const remarks: string[] = [];
    const present = (): Promise<never> => Promise.reject(new Error("asked"));
    const ids = Array.from({ length: 100_001 }, String);
    expect(await tellPresent({ present }, "o/p/s", ids, undefined, (line) => remarks.push(line))).toEqual([]);
    expect(remarks).toEqual([expect.stringMatching(/more than 100000 droplets: the host was not told/)]);
  });
});

describe("vm forget", () => {
  it.each([
    ["one that is gone", gone],
    ["a seed that no machine has claimed", sampleVm({ claimedAt: null, state: "committed", report: null })],
    ["one that was revoked", sampleVm({ revokedAt: 1 })],
  ])("takes %s without a question", (_, vm) => {
    for (const wanted of [vm.name, vm.seedId, String(vm.instanceId)]) expect(forgettable([vm], wanted, false)).toBe(vm);
  });

  it("wants --yes for a VM that is there, and a seedId where a name is two VMs", () => {
    expect(() => forgettable([web], "web-7", false)).toThrow(/web-7 is enrolled and not gone: .* --yes/);
    expect(forgettable([web], "web-7", true)).toBe(web);
    const twin = { ...gone, name: "web-7" };
    expect(() => forgettable([web, twin], "web-7", true)).toThrow(/2 VMs are called web-7: .*cdcd.* \(gone\)/);
    expect(() => forgettable([web], "db", true)).toThrow(/no VM is called db/);
  });
});
