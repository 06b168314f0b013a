/** VMs by a filter, of hosts that know filters and of hosts that do not. */
import type { Vm, VmFilter, VmsAnswer } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { vmList } from "./vm-list.ts";
import { vmWatch } from "./vm-watch.ts";

const web = sampleVm();
const db = sampleVm({ name: "db", urn: "urn:db", seedId: "cd".repeat(16), addresses: ["192.0.2.8"], stack: "o/p/t" });

/** Answers one after the other; the last is repeated. */
function host(...answers: readonly Partial<VmsAnswer>[]): {
  asked: string[];
  ask: (query: string) => Promise<VmsAnswer>;
} {
  const asked: string[] = [];
  const ask = async (query: string): Promise<VmsAnswer> => {
    asked.push(query);
    return { schema: 1, vms: [], ...answers[Math.min(asked.length, answers.length) - 1] };
  };
  return { asked, ask };
}
const whole = (vms: Vm[], revision: string): Partial<VmsAnswer> => ({
  vms,
  now: 1,
  intervalMs: 1,
  revision,
  partial: false,
  total: vms.length,
  next: null,
});
const names = (vms: readonly Vm[]): string[] => vms.map(({ name }) => name);

describe("a list of VMs", () => {
  it.each<[VmFilter, string[]]>([
    [{ stack: "o/p/*" }, ["web-7", "db"]],
    [{ stack: "o/p/t" }, ["db"]],
    [{ hosts: ["192.0.2.7"] }, ["web-7"]],
    [{ states: ["gone"] }, []],
  ])("of a host of version 0.3, which takes no notice of %j, is filtered here", async (filter, expected) => {
    const { vms, isOld, total } = await vmList(host({ vms: [web, db] }).ask, filter);
    expect([names(vms), isOld, total]).toEqual([expected, true, expected.length]);
  });

  it("asks for one page after the other", async () => {
    const { ask, asked } = host({ ...whole([web], "r"), total: 2, next: "1.ab" }, { ...whole([db], "r2"), total: 2 });
    const list = await vmList(ask, { stack: "o/p/*" });
    expect([names(list.vms), list.revision]).toEqual([["web-7", "db"], "r"]);
    expect(asked).toEqual(["stack=o%2Fp%2F*&limit=2000", "stack=o%2Fp%2F*&limit=2000&after=1.ab"]);
  });

  it("asks for all where words are more or longer than a query takes", async () => {
    for (const hosts of [Array.from({ length: 65 }, (_, i) => `web-${i}`), [""], ["x".repeat(257)]]) {
      const { ask, asked } = host(whole([web, db], "r"));
      const { vms } = await vmList(ask, { hosts });
      expect([names(vms), asked]).toEqual([hosts.includes("web-7") ? ["web-7"] : [], ["limit=2000"]]);
    }
  });
});

describe("watching VMs", () => {
  it("asks for changes since the last answer, and keeps what did not change", async () => {
    const claimed = { ...db, topUps: 1 };
    const { ask, asked } = host(whole([web, db], "r1"), { ...whole([claimed], "r2"), partial: true, total: 2 });
    const look = vmWatch(ask, {});
    expect([await look(), await look()]).toEqual([
      [web, db],
      [web, claimed],
    ]);
    await look();
    expect(asked.map((query) => new URLSearchParams(query).get("since"))).toEqual([null, "r1", "r2"]);
  });

  it("asks for all again where a VM fits no more", async () => {
    const { ask, asked } = host(
      whole([web, db], "r1"),
      { ...whole([], "r2"), partial: true, total: 1 },
      whole([web], "r2"),
    );
    const look = vmWatch(ask, {});
    await look();
    expect([names(await look()), asked.length]).toEqual([["web-7"], 3]);
  });

  it("takes an answer of a host that was started again as the whole", async () => {
    const look = vmWatch(host(whole([web, db], "a.1"), whole([db], "b.1")).ask, {});
    await look();
    expect(names(await look())).toEqual(["db"]);
  });

  it("forgets nothing where a request failed", async () => {
    const { ask } = host(whole([web, db], "r1"), { ...whole([], "r1"), partial: true, total: 2 });
    let isAway = false;
    const look = vmWatch((query) => (isAway ? Promise.reject(new Error("away")) : ask(query)), {});
    await look();
    isAway = true;
    await expect(look()).rejects.toThrow("away");
    isAway = false;
    expect(names(await look())).toEqual(["web-7", "db"]);
  });

  it("reads all each time of a host of version 0.3", async () => {
    const { ask, asked } = host({ vms: [web, db] }, { vms: [db] });
    const look = vmWatch(ask, {});
    expect([names(await look()), names(await look())]).toEqual([["web-7", "db"], ["db"]]);
    expect(asked.every((query) => !query.includes("since"))).toBe(true);
  });
});
