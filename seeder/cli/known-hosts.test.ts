import { describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import { knownHosts } from "./known-hosts.ts";

const keyed = (letter: string): ReturnType<typeof sampleReport> =>
  sampleReport({ hostKeys: [`ssh-ed25519 ${letter.repeat(68)}`] });
const web = sampleVm({ report: keyed("W") });
const before = sampleVm({ name: "old", urn: "urn:old", report: keyed("O"), committedAt: web.committedAt - 1 });
const db = sampleVm({ name: "db", urn: "urn:db", addresses: ["192.0.2.8", "2001:db8::8"], report: keyed("D") });
const young = sampleVm({ name: "new", urn: "urn:new", addresses: ["192.0.2.9"], state: "claimed", report: null });
const vms = [web, before, db, young];
const lines = (...wanted: string[]): string[] => knownHosts(vms, wanted, 22).lines.split("\n").slice(0, -1);

describe("known-hosts, as KnownHostsCommand calls it", () => {
  it("an address: the newest that has it, under the words that ssh compares", () => {
    expect(lines("192.0.2.7")).toEqual([`192.0.2.7 ssh-ed25519 ${"W".repeat(68)}`]);
    expect(lines("2001:db8::8")).toEqual([`2001:db8::8 ssh-ed25519 ${"D".repeat(68)}`]);
    expect(lines("[192.0.2.8]:2222")).toEqual([`[192.0.2.8]:2222 ssh-ed25519 ${"D".repeat(68)}`]);
  });
  it("a name: also under the name itself", () => {
    expect(lines("web-7").map((line) => line.split(" ")[0])).toEqual(["192.0.2.7", "web-7"]);
    expect(lines("[db]:22").map((line) => line.split(" ")[0])).toEqual(["192.0.2.8", "2001:db8::8", "db"]);
  });
  it.each([["192.0.2.70"], ["*"], ["192.0.2.?"], [""], ["new"], ["192.0.2.9"], ["web-7,evil"]])(
    "%j: nothing",
    (host) => {
      const { lines: none, remarks } = knownHosts(vms, [host], 22);
      expect([none, remarks.length]).toEqual(["", 1]);
    },
  );
  it("of one that has not reported it says what waits for that", () => {
    const { remarks } = knownHosts(vms, ["new"], 22);
    expect(remarks).toEqual([
      "new has not reported yet: nothing is printed for it; bootseed wait --stack o/p/s waits for it",
    ]);
  });
  it("never under a name that is a pattern", () => {
    const star = sampleVm({ name: "*", addresses: [] });
    expect(knownHosts([star], ["*"], 22).lines).toBe("");
  });
  it("a revoked VM's keys are no longer vouched for", () => {
    const revoked = sampleVm({ revokedAt: 1 });
    expect(knownHosts([revoked], ["web-7"], 22)).toEqual({
      lines: "",
      remarks: ["web-7 was revoked: nothing is printed for it"],
      withheld: undefined,
    });
    expect(knownHosts([revoked], [], 22).lines).toBe("");
  });
  it("all: those that have reported, and not the machine that another of its name replaced", () => {
    const replaced = sampleVm({ seedId: "cd".repeat(16), addresses: ["192.0.2.66"], committedAt: 1 });
    const all = knownHosts([...vms, replaced], [], 22).lines;
    expect(all).toContain("192.0.2.7 ");
    expect(all).not.toContain("192.0.2.66");
    expect(all).not.toContain("192.0.2.9");
  });

  it("all: reports what is left out, and what is printed under a name alone", () => {
    const replaced = sampleVm({
      name: "older",
      urn: web.urn,
      seedId: "cd".repeat(16),
      addresses: ["192.0.2.66"],
      committedAt: 1,
    });
    const nameOnly = sampleVm({ name: "worker", urn: "urn:worker", addresses: [], report: keyed("X") });
    const { lines: printed, remarks } = knownHosts([web, young, replaced, nameOnly], [], 22);
    expect(printed).toMatch(/^worker ssh-ed25519 X+$/m);
    expect(remarks).toEqual([
      "1 VM was replaced by a newer one and is left out: older",
      "1 VM has not reported yet: nothing is printed for it: new",
      "1 VM has no address at this host: it is printed under its name alone: worker",
    ]);
    const many = Array.from({ length: 7 }, (_, i) => sampleVm({ ...young, name: `n${i}`, urn: `urn:${i}` }));
    expect(knownHosts(many, [], 22)).toMatchObject({
      lines: "",
      remarks: ["7 VMs, each has not reported yet: nothing is printed for it: n0, n1, n2, n3, n4 and 2 more"],
    });
  });
  it("all of no VM: reports that nothing is printed", () => {
    expect(knownHosts([], [], 22)).toMatchObject({
      lines: "",
      remarks: [expect.stringMatching(/^nothing is printed/)],
    });
  });

  describe("a VM of another stack, newer, that says to be there or to be called so", () => {
    const newer = {
      seedId: "cd".repeat(16),
      stack: "o/evil/s",
      urn: "urn:evil",
      committedAt: web.committedAt + 9,
      report: keyed("E"),
    };
    const both = (more: object): typeof vms => [web, db, sampleVm({ ...newer, ...more })];
    it.each([
      ["an address", "192.0.2.7", { name: "x" }],
      ["a name", "web-7", { addresses: [] }],
      ["a name as its address", "web-7", { name: "x", addresses: ["web-7"] }],
      ["an address, before its report", "192.0.2.7", { name: "x", report: null, state: "claimed" }],
    ])("%s: no key of either, and whose it is", (_, host, more) => {
      const { lines: none, remarks, withheld } = knownHosts(both(more), [host], 22);
      const named =
        /contested by web-7 \(stack o\/p\/s, .* and .* \(stack o\/evil\/s, seeded .*, seed (cd){16}\).*--stack/;
      expect([none, remarks, withheld]).toEqual(["", [expect.stringMatching(named)], true]);
    });
    it("under its own name: not the other's address", () => {
      expect(knownHosts(both({ name: "evil" }), ["evil"], 22).lines).toBe(`evil ssh-ed25519 ${"E".repeat(68)}\n`);
    });
    it("all: not that address, everything else", () => {
      const all = knownHosts(both({ name: "x", addresses: ["192.0.2.7", "192.0.2.77"] }), [], 22).lines;
      expect(all.split("\n").map((line) => line.split(" ")[0])).toEqual(["192.0.2.8", "2001:db8::8", "192.0.2.77", ""]);
    });
    it("no longer, once it is revoked or its stack is not asked", () => {
      const expected = `192.0.2.7 ssh-ed25519 ${"W".repeat(68)}\n`;
      expect(knownHosts(both({ revokedAt: 1 }), ["192.0.2.7"], 22).lines).toBe(expected);
      const named = both({}).filter(({ stack }) => stack === web.stack);
      expect(knownHosts(named, ["192.0.2.7"], 22).lines).toBe(expected);
    });
  });
});
