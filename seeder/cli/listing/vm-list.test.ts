import type { Vm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../../testing/sample-vm.ts";
import { marksOf } from "./marks.ts";
import { vmTable } from "./vm-list.ts";

const NOW = 1_767_229_200;
const evidence = sampleReport().evidence;
const table = (...vms: readonly Vm[]): string => vmTable(vms, NOW);
const named = (name: string, more: Partial<Vm> = {}): Vm => sampleVm({ name, ...more });
const longestLine = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));
const lastTopUp = { counter: 3, at: NOW - 7300, receiptAt: NOW - 7299, rcMix: 0, rcReseed: 0 };

describe("vm ls", () => {
  it("is a table with seedIds, the three claims, a legend and counts", () => {
    const waiting = named("db", { state: "committed", report: null, sourceClass: "physical-raw" });
    const worker = named("worker", { stack: "", joined: true, revokedAt: 1 });
    expect(table(sampleVm({ lastTopUp, topUps: 3 }), worker, waiting)).toMatchInlineSnapshot(`
      "stack o/p/s
      NAME    SEED ID                           S R K  SOURCE   STATE      TOP-UP
      db      abababababababababababababababab  … … …  raw      committed  never
      web-7   abababababababababababababababab  ✓ ✓ ✓  chained  reported   2h ago #3

      no stack: taken back by a certificate
      NAME    SEED ID                           S R K  SOURCE   STATE      TOP-UP
      worker  abababababababababababababababab  – ✓ –  chained  REVOKED j  never

      S seeded, R reseeded, K before its SSH host keys: ✓ yes, ✗ no, … no report yet, – not promised
      j joined by a token
      3 VMs: 1 committed, 1 reported, 1 revoked
      "
    `);
  });
  it("is one sentence when there is no VM", () => {
    expect(table()).toBe("No VM to show: this host knows none that you may see.\n");
    expect(vmTable([], NOW, { isFiltered: true })).toBe("No VM fits what was asked for.\n");
    for (const isFiltered of [true, false])
      expect(vmTable([], NOW, { isFiltered, hasGone: true })).toBe(
        "No VM to show but those that are gone: --all shows them.\n",
      );
  });
  it("is sorted by stack, then by name as people count", () => {
    const vms = [named("web-10"), named("web-2"), named("a", { stack: "o/p/z" }), named("j", { stack: "" })];
    const names = table(...vms, named("db", { stack: "o/p/a" })).match(/^(?:db|web-\d+|a|j)(?= )/gm);
    expect(names).toEqual(["db", "web-2", "web-10", "a", "j"]);
  });
  it("has at most 100 columns, whatever the VM, and says that a name is shortened", () => {
    const name = `web-${"x".repeat(240)}-7`;
    const asker = { instanceId: "9", sameInstance: true, afterReport: true, firstAt: 1, lastAt: 1, count: 1 };
    const worst = named(name, {
      stack: `o/${"p".repeat(200)}/s`,
      state: "provisional",
      joined: true,
      imported: true,
      sourceClass: "physical-conditioned",
      lastTopUp: { counter: 4_294_967_295, at: 1, receiptAt: null, rcMix: 22, rcReseed: 0 },
      hostKeysChanged: true,
      rolledBackAt: 1,
      askers: [asker, { ...asker, sameInstance: false }, { ...asker, sameInstance: false, afterReport: false }],
      contested: [{ word: "x", kind: "name", others: [] }],
    });
    const text = table(worst);
    expect(longestLine(text)).toBeLessThanOrEqual(100);
    expect(text).toMatch(/^web-x+…x+-7 /m);
    expect(text).toContain("… in a name: shortened, --json has it whole");
    for (const note of ["KEYS CHANGED", "CLONED OR RESTORED", "IN ITS PLACE", "SEED USED ELSEWHERE", "CONTESTED"])
      expect(text).toContain(note);
    expect(text).toContain("a second machine has its user-data");
  });
  it("does not shorten a name that fits", () => {
    expect(table(named("web-with-a-long-name-17"))).toMatch(/^web-with-a-long-name-17 /m);
  });
  it("keeps names apart that differ at their end only", () => {
    const names = table(...["1", "2"].map((end) => named(`${"n".repeat(99)}-${end}`))).match(/^n+…n*-\d/gm);
    expect(new Set(names).size).toBe(2);
  });
  it.each([
    [{ verdict: "unproven" as const }, { seeded: "✓", reseeded: "✗", beforeKeys: "✓" }],
    [{ evidence: { ...evidence, rcReseed: 255 } }, { seeded: "✓", reseeded: "✗", beforeKeys: "✓" }],
    [{ evidence: { ...evidence, hostKeysBefore: 3 } }, { seeded: "✓", reseeded: "✓", beforeKeys: "✗" }],
    [{ verdict: "spent" as const }, { seeded: "✗", reseeded: "✗", beforeKeys: "✓" }],
    [{ evidence: { ...evidence, rcMix: 1 } }, { seeded: "✗", reseeded: "✓", beforeKeys: "✓" }],
  ])("%j is %j", (report, marks) => {
    expect(marksOf(sampleVm({ report: sampleReport(report) }))).toEqual(marks);
  });
  it("reports a top-up that the kernel refused to mix", () => {
    const refused = { ...lastTopUp, rcMix: 22 };
    expect(table(sampleVm({ lastTopUp: refused }))).toContain("  ! web-7: the kernel refused top-up #3: errno 22\n");
  });
  it("claims nothing of the first boot of a machine that joined, whatever its report says", () => {
    const joined = sampleVm({ joined: true });
    expect(marksOf(joined)).toEqual({ seeded: "–", reseeded: "✓", beforeKeys: "–" });
    expect(marksOf(sampleVm({ joined: true, report: null }))).toEqual({ seeded: "–", reseeded: "…", beforeKeys: "–" });
    expect(table(joined)).toMatch(/^web-7 .* reported j +never$/m);
  });
  it("shows the state that ends a VM, and counts by it", () => {
    const text = table(
      named("a", { imported: true, revokedAt: 1 }),
      named("b", { goneAt: 1 }),
      named("c", { revokedAt: 1, goneAt: 1 }),
    );
    expect(text).toMatch(/^a .* REVOKED t +never$/m);
    expect(text).toMatch(/^b .* gone +never$/m);
    expect(text).toMatch(/^c .* REVOKED +never\n {2}! c: gone$/m);
    expect(text).toMatch(/\n3 VMs: 2 revoked, 1 gone\n$/);
  });
  it("marks changed host keys, and keeps control characters off the terminal", () => {
    const text = table(sampleVm({ hostKeysChanged: true, name: "a\u001b[2J界b" }));
    expect(text).toMatch(/^a\?\[2J\?b .*\n {2}! a\?\[2J\?b: KEYS CHANGED$/m);
  });
});
