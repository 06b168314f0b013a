import type { Contest, Holder } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { contestObjections } from "./contests.ts";
import { knownHosts } from "./known-hosts.ts";
import { vmTable } from "./listing/vm-list.ts";
import { vmDetails } from "./vm-table.ts";
import { waitForStack } from "./wait.ts";

const holder = (more: Partial<Holder>): Holder => ({
  name: "web-7",
  stack: "o/p/s",
  seedId: "cd".repeat(16),
  joined: false,
  since: 1_795_262_400,
  ...more,
});
const joined = holder({ stack: "", joined: true });
const elsewhere = holder({ stack: "o/other/s" });
const hidden: Holder = { name: null, stack: null, seedId: null, joined: false, since: null };
const contest = (word: string, kind: Contest["kind"], ...others: Holder[]): Contest => ({ word, kind, others });
const name = (...others: Holder[]): Contest => contest("web-7", "name", ...others);

describe("a VM whose name or address another live VM has", () => {
  it("is marked in the table, and its details have the other VM", () => {
    const vm = sampleVm({ contested: [name(joined), contest("192.0.2.7", "address", hidden)] });
    expect(vmTable([vm], 0)).toMatch(/! web-7: CONTESTED/);
    const details = vmDetails(vm);
    expect(details).toMatch(/contested +web-7, also of web-7 \(joined 2026-11-21T12:00:00Z, seed (cd){16}\)/);
    expect(details).toMatch(/contested +192\.0\.2\.7, also of a VM of another stack/);
    expect(vmTable([sampleVm({ contested: [] })], 0)).not.toMatch(/CONTESTED/);
  });

  it.each<[string, Contest, boolean]>([
    ["a joined machine has its name", name(joined), true],
    ["another VM of its stack has its name", name(holder({})), true],
    ["a program of another stack uses the same name", name(elsewhere), false],
    ["a stack that the client may not see uses the same name", name(hidden), false],
    ["a joined machine that the client may not see has its name", name({ ...hidden, joined: true }), true],
    ["a VM of another stack has its public address", contest("203.0.113.7", "address", elsewhere), true],
    ["a VM of a hidden stack has its public address", contest("2a03:b0c0:2:d0::1", "address", hidden), true],
    ["a VM of another stack has its private address", contest("10.0.0.7", "address", elsewhere), false],
    ["a VM of another stack has its address in fd00::/8", contest("fd00::7", "address", elsewhere), false],
    ["a VM of its own stack has its private address", contest("10.0.0.7", "address", holder({})), true],
  ])("wait, when %s", async (_, one, isObjection) => {
    const vm = sampleVm({ contested: [one] });
    expect(contestObjections(vm)).toHaveLength(isObjection ? 1 : 0);
    const said: string[] = [];
    const code = await waitForStack({
      vms: async () => [vm],
      stack: "o/p/s",
      names: [],
      timeoutMs: 1000,
      say: (line) => void said.push(line),
      now: () => 0,
      sleep: async () => undefined,
    });
    expect(code).toBe(isObjection ? 65 : 0);
    if (isObjection) expect(said.join()).toMatch(/^web-7: .* is contested by .*; see bootseed vm show/);
  });

  it("known-hosts goes by the host's word also where the client sees one of the two", () => {
    const vm = sampleVm({ contested: [name(hidden)] });
    expect(knownHosts([vm], ["web-7"], 22)).toMatchObject({ lines: "", withheld: true });
    expect(knownHosts([vm], ["web-7"], 22, "o/p/s")).toMatchObject({ withheld: undefined });
    const inStack = sampleVm({ contested: [name(holder({}))] });
    expect(knownHosts([inStack], ["web-7"], 22, "o/p/s")).toMatchObject({ lines: "", withheld: true });
  });
});
