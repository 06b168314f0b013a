import type { Asker } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { knownHosts } from "../cli/known-hosts.ts";
import { vmTable } from "../cli/listing/vm-list.ts";
import { vmDetails } from "../cli/vm-table.ts";
import { waitForStack } from "../cli/wait.ts";
import { sampleVm } from "../testing/sample-vm.ts";
import { alarmsOf, remarksOf } from "./alarms.ts";

const asker = (more: Partial<Asker> = {}): Asker => ({
  instanceId: "100",
  sameInstance: true,
  afterReport: true,
  firstAt: 1_767_225_700,
  lastAt: 1_767_225_700,
  count: 1,
  ...more,
});
const REPLACED = { askers: [asker()] };
const ELSEWHERE = { askers: [asker({ instanceId: "i-2", sameInstance: false })] };
const ORPHAN = { askers: [asker({ instanceId: "101", sameInstance: false, afterReport: false })] };
const CLONED = { rolledBackAt: 1_767_225_700 };

async function wait(more: object): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  const code = await waitForStack({
    vms: async () => [sampleVm(more)],
    stack: "o/p/s",
    names: [],
    timeoutMs: 0,
    say: (line) => void said.push(line),
    now: () => 0,
    sleep: async () => undefined,
  });
  return { code, said };
}

describe("a clone that was noticed", () => {
  it("stands in vm ls and vm show", () => {
    expect(vmTable([sampleVm(CLONED)], 0)).toContain("! web-7: CLONED OR RESTORED");
    expect(vmDetails(sampleVm(CLONED))).toMatch(/^ALARM +since 2026-01-01T00:01:40Z it asks with an older counter/m);
  });
  it("is 65 for wait, with the reason and what clears it", async () => {
    const { code, said } = await wait(CLONED);
    expect([code, said]).toEqual([
      65,
      [
        "web-7: since 2026-01-01T00:01:40Z it asks with an older counter than it had acknowledged: copies of it run at the " +
          "same time, or its disk was restored (bootseed vm acknowledge web-7 clears this); see bootseed vm show",
      ],
    ]);
  });
  it("leaves its key in known_hosts, with a remark: all copies have that key", () => {
    const { lines, remarks, withheld } = knownHosts([sampleVm(CLONED)], ["web-7"], 22);
    expect([lines === "", remarks, withheld]).toEqual([false, [expect.stringMatching(/older counter/)], undefined]);
  });
});

describe("C17 (digitalocean/doctl#708): a machine with the VM's instance id and another identity", () => {
  it("stands in vm ls and vm show", () => {
    expect(vmTable([sampleVm(REPLACED)], 0)).toContain("! web-7: ANOTHER MACHINE IN ITS PLACE");
    expect(vmDetails(sampleVm(REPLACED))).toMatch(/^ALARM .*its disk was replaced, as by a rebuild/m);
  });
  it("is 65 for wait", async () => {
    const { code, said } = await wait(REPLACED);
    expect([code, said]).toEqual([65, [expect.stringMatching(/instance id 100 and another identity asks/)]]);
  });
  it.each([[[]], [["web-7"]], [["192.0.2.7"]]])("keeps the old key out of known_hosts: %j", (wanted) => {
    const { lines, remarks, withheld } = knownHosts([sampleVm(REPLACED)], wanted, 22);
    expect([lines, withheld]).toEqual(["", true]);
    expect(remarks).toEqual([expect.stringMatching(/nothing is printed for it; bootseed vm acknowledge web-7/)]);
  });
});

describe("C16 (lima-vm/lima#678, canonical/lxd#17063): a machine with another instance id", () => {
  it("that asks after the report is an alarm: the id changed, or the seed was copied", async () => {
    expect(vmTable([sampleVm(ELSEWHERE)], 0)).toContain("! web-7: SEED USED ELSEWHERE");
    expect(vmDetails(sampleVm(ELSEWHERE))).toMatch(/^ALARM .*the machine i-2 asks with its seed/m);
    const { code, said } = await wait(ELSEWHERE);
    expect([code, said]).toEqual([65, [expect.stringMatching(/the machine i-2 asks .* its instance id changed/)]]);
    const { lines, remarks, withheld } = knownHosts([sampleVm(ELSEWHERE)], ["web-7"], 22);
    expect([lines === "", remarks.length, withheld]).toEqual([false, 1, undefined]);
  });
  it("that asked before the report is shown, and nothing is wrong with the VM: a create that was retried", async () => {
    expect(vmTable([sampleVm(ORPHAN)], 0)).toContain("! web-7: a second machine has its user-data");
    expect(vmDetails(sampleVm(ORPHAN))).toMatch(/^remark +the machine 101 was given the same user-data/m);
    const { code, said } = await wait(ORPHAN);
    expect([code, said]).toEqual([
      0,
      [expect.stringMatching(/^web-7: the machine 101/), expect.stringMatching(/^all/)],
    ]);
    expect(knownHosts([sampleVm(ORPHAN)], ["web-7"], 22)).toMatchObject({
      withheld: undefined,
      remarks: [expect.stringMatching(/101/)],
    });
  });
  it("that asks before the VM's instance id is known is shown with the VM, which one is the VM being open", async () => {
    const both = ["100", "101"].map((instanceId) =>
      asker({ instanceId, sameInstance: false, afterReport: false, undecided: true }),
    );
    const open = { askers: both, state: "provisional", report: null, instanceId: null } as const;
    expect(vmTable([sampleVm(open)], 0)).toContain("! web-7: a second machine has its user-data");
    const { code, said } = await wait(open);
    expect([code, said]).toEqual([
      75,
      [
        expect.stringMatching(/^web-7: the machines 100 and 101 were given the same user-data.*bootseed sync/),
        expect.stringMatching(/^web-7: no report in 0 s/),
      ],
    ]);
  });
  it("says nothing of a VM that is alone, and of a host that does not tell", () => {
    expect([alarmsOf({}), remarksOf({}), alarmsOf({ rolledBackAt: null, askers: [] })]).toEqual([[], [], []]);
  });
  it("keeps control characters of an instance id off the terminal", () => {
    const evil = asker({ instanceId: "\u001b[2Jé", sameInstance: false });
    expect(alarmsOf({ askers: [evil] }).join()).toContain("the machine ?[2J? asks");
  });
});
