/** The matrix must be able to fail: each thing that must never be, said to the functions that look for it. */
import type { Vm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import type { KitVm } from "../kit-vms.ts";
import type { TinyDroplet } from "../tiny-api.ts";
import { expectNothingElse, expectOneEnrolledEach, expectSeeded } from "./invariants.ts";
import { outcomeOf } from "./outcome.ts";
import type { Known, Snapshot } from "./snapshot.ts";

const droplet = (id: number, name: string, more: Partial<TinyDroplet> = {}): TinyDroplet => ({
  id,
  name,
  image: "debian-12-x64",
  size: "s-1vcpu-1gb",
  address: `192.0.2.${id}`,
  userData: "",
  tags: [],
  ...more,
});
const seed = (seedId: string, name: string, instanceId: number, state: Vm["state"] = "reported"): Vm => ({
  name,
  urn: `urn:pulumi:test::p::t::${name}`,
  stack: "organization/p/test",
  seedId,
  bind: "instance",
  state,
  instanceId: String(instanceId),
  addresses: [],
  sourceClass: "chained",
  committedAt: 1,
  claimedAt: 1,
  reportedAt: 1,
  hostKeysChanged: false,
  report: null,
  lastTopUp: null,
  topUps: 0,
});
const known = (id: number, name: string): Known => ({
  stack: "test",
  kind: "droplet",
  id: String(id),
  name,
  shown: "",
});
const machine = (id: number, enrolled: boolean): KitVm => ({ droplet: droplet(id, "web"), enrolled }) as KitVm;
const hostOf = (...vms: Vm[]): Snapshot["host"] => new Map(vms.map((vm) => [vm.seedId, vm]));
const at = (droplets: TinyDroplet[], vms: Vm[] = [], state: Known[] = []): Snapshot => ({
  cloud: new Map(droplets.map((one) => [one.id, one])),
  host: hostOf(...vms),
  known: state,
});

describe("after an act", () => {
  it("every droplet has a seed that was committed, but those that are to have none", () => {
    const made = { id: 1, name: "web", seedId: "aa" };
    const host = hostOf(seed("aa", "web", 1));
    expectSeeded([made, { id: 2, name: "plain", seedId: undefined }], host, new Set(["plain"]));
    for (const [wrong, unseeded] of [
      [{ ...made, seedId: undefined }, []],
      [{ ...made, seedId: "bb" }, []],
      [made, ["web"]],
    ] as const)
      expect(() => expectSeeded([wrong], host, new Set(unseeded))).toThrow(/without a seed/);
  });

  it("one seed is in one enrolled machine, and that is the one which the host means", () => {
    const made = [1, 2].map((id) => ({ id, name: "web", seedId: "aa" }));
    const host = hostOf(seed("aa", "web", 2));
    expectOneEnrolledEach(made, [machine(1, false), machine(2, true)], host);
    expect(() => expectOneEnrolledEach(made, [machine(1, true), machine(2, true)], host)).toThrow(/two enrolled/);
    expect(() => expectOneEnrolledEach(made, [machine(1, true), machine(2, false)], host)).toThrow(
      /claimed at the host/,
    );
    expect(() => expectOneEnrolledEach(made, [machine(1, false), machine(2, false)], host)).toThrow(/claimed at/);
  });

  it("all others are what they were, at the cloud, in the state and at the host", () => {
    const before = at(
      [droplet(1, "web"), droplet(2, "db")],
      [seed("aa", "web", 1), seed("bb", "db", 2)],
      [known(1, "web"), known(2, "db")],
    );
    const fresh = seed("cc", "web", 3, "committed");
    const after = at(
      [droplet(3, "web"), droplet(2, "db")],
      [...before.host.values(), fresh],
      [known(3, "web"), known(2, "db")],
    );
    expectNothingElse(["web"], before, after);
    expect(outcomeOf(["web", "db"], before, after)).toBe("1 replaced, 1 kept");
    const wrong = (change: Partial<Snapshot>, text: RegExp): void =>
      expect(() => expectNothingElse(["web"], before, { ...after, ...change })).toThrow(text);
    wrong({ cloud: at([droplet(3, "web")]).cloud }, /other droplets at the cloud/);
    wrong({ cloud: at([droplet(3, "web"), droplet(2, "db", { tags: ["a"] })]).cloud }, /other droplets at the cloud/);
    wrong({ known: [known(3, "web")] }, /other droplets in the state/);
    wrong({ host: hostOf(seed("aa", "web", 3), seed("bb", "db", 2)) }, /other seeds at the host/);
    wrong({ host: hostOf(...before.host.values(), seed("dd", "db", 4)) }, /seeds committed for others/);
  });
});

describe("a seed that had reported", () => {
  const told = { addresses: ["192.0.2.1"], contested: [], goneAt: null };
  const web = { ...seed("aa", "web", 1), ...told };
  const [stays, leaves] = [at([droplet(1, "web")], [web], [known(1, "web")]), at([], [web])];
  const becomes = (after: Snapshot, change: Partial<Vm>): void =>
    expectNothingElse(["web"], stays, { ...after, host: hostOf({ ...web, ...change }) });
  const contest = { word: "web", kind: "name", others: [] } as const;

  it("is what it was while its droplet is there", () => {
    becomes(stays, {});
    for (const change of [{ goneAt: 5 }, { addresses: [] }, { contested: [contest] }, { topUps: 1 }])
      expect(() => becomes(stays, change)).toThrow(/other seeds at the host/);
  });

  it("is gone once, with no other addresses, when its droplet is away", () => {
    for (const change of [{}, { goneAt: 5 }, { addresses: [] }]) becomes(leaves, change);
    for (const change of [{ addresses: ["192.0.2.2"] }, { instanceId: "2" }, { topUps: 1 }])
      expect(() => becomes(leaves, change)).toThrow(/other seeds at the host/);
    const gone = { ...leaves, host: hostOf({ ...web, goneAt: 5 }) };
    for (const goneAt of [null, 6])
      expect(() => expectNothingElse(["web"], gone, { ...leaves, host: hostOf({ ...web, goneAt }) })).toThrow(
        /other seeds at the host/,
      );
  });
});

describe("what became of it", () => {
  const none = at([]);
  const one = at([droplet(1, "web")], [], [known(1, "web")]);
  it.each([
    ["none", none, none],
    ["created", none, one],
    ["gone", one, none],
    ["kept", one, one],
    ["changed in place", one, at([droplet(1, "web", { tags: ["a"] })], [], one.known as Known[])],
    ["replaced", one, at([droplet(2, "web")], [], [known(2, "web")])],
    ["none, 1 orphan", none, at([droplet(1, "web")])],
    [
      "created, 2 orphans",
      none,
      at(
        [1, 2, 3].map((id) => droplet(id, "web")),
        [],
        [known(3, "web")],
      ),
    ],
  ])("%s", (word, before, after) => {
    expect(outcomeOf(["web"], before, after)).toBe(word);
  });
});
