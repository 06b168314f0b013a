import { describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import { marksOf, vmDetails, vmTable } from "./vm-table.ts";

const evidence = sampleReport().evidence;

describe("vm ls", () => {
  it("is a table with the three claims", () => {
    const lastTopUp = { counter: 3, at: 1_767_225_600, receiptAt: 1_767_225_601, rcMix: 0, rcReseed: 0 };
    const waiting = sampleVm({ name: "db", state: "committed", report: null, sourceClass: "physical-raw" });
    expect(vmTable([sampleVm({ lastTopUp, topUps: 3 }), waiting])).toMatchInlineSnapshot(`
      "NAME   SEED      KERNEL      ORDER          SOURCE        STATE      LAST TOP-UP
      web-7  seeded ✓  reseeded ✓  before keys ✓  chained       reported   2026-01-01T00:00:00Z #3 reseeded
      db     seeded …  reseeded …  before keys …  physical-raw  committed  never
      "
    `);
  });
  it("says so when there is none", () => {
    expect(vmTable([])).toBe("No VM to show: this host knows none that you may see.\n");
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
  it("a top-up that the kernel refused to mix is not called reseeded", () => {
    const lastTopUp = { counter: 3, at: 1_767_225_600, receiptAt: 1_767_225_601, rcMix: 1, rcReseed: 0 };
    expect(vmTable([sampleVm({ lastTopUp, topUps: 3 })])).toContain("#3 errno 1");
  });
  it("claims nothing of the first boot of a machine that joined, whatever its report says", () => {
    const joined = sampleVm({ joined: true });
    expect(marksOf(joined)).toEqual({ seeded: "✗", reseeded: "✓", beforeKeys: "✗" });
    expect(vmTable([joined])).toContain("reported, joined");
    expect(vmTable([sampleVm({ imported: true, revokedAt: 1_767_225_600 })])).toContain(
      "reported, taken back, REVOKED",
    );
  });
  it("shouts when host keys have changed, and keeps control characters off the terminal", () => {
    const table = vmTable([sampleVm({ hostKeysChanged: true, name: "a\u001b[2Jb" })]);
    expect(table).toContain("reported, KEYS CHANGED");
    expect(table).toContain("a?[2Jb");
  });
  it.each([
    ["instance", "not created yet"],
    ["first-claim", "not claimed yet"],
  ] as const)("says how far one is that nobody has heard of, by %s", (bind, expected) => {
    const details = vmDetails(sampleVm({ bind, instanceId: null, report: null }));
    expect(details).toMatch(new RegExp(`^instance +${expected}$`, "m"));
    expect(details).toMatch(/^verdict +no report yet; bootseed wait --stack o\/p\/s waits for it$/m);
  });
  it("shows everything about one", () => {
    expect(vmDetails(sampleVm())).toMatchInlineSnapshot(`
      "name          web-7
      state         reported
      claims        seeded ✓  reseeded ✓  before keys ✓
      source class  chained
      seed          abababababababababababababababab
      bound to      instance
      instance      100
      addresses     192.0.2.7
      urn           urn:pulumi:s::p::digitalocean:index/droplet:Droplet::web-7
      stack         o/p/s
      committed     2026-01-01T00:00:00Z
      claimed       2026-01-01T00:01:00Z
      reported      2026-01-01T00:01:10Z
      top-ups       0, last never
      verdict       reseeded
      evidence      {"rcMix":0,"rcReseed":0,"hostKeysBefore":0,"kernel":"6.1.0","poolsize":256,"fipsEnabled":0,"rngCurrent":null,"gate":"passed","timeline":[]}
      host key      ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      "
    `);
  });
});
