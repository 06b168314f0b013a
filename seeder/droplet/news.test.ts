import { describe, expect, it } from "vitest";
import { type HostKnows, newsOf, type RunDroplets } from "./news.ts";

const NOTHING = { exist: [], absent: [] };
const vm = (instanceId: string): { seedId: string; instanceId: string } => ({
  seedId: `seed of ${instanceId}`,
  instanceId,
});
const other = (urn: string, instanceId: string | null): HostKnows["others"][number] => ({
  seedId: `seed of ${instanceId ?? urn}`,
  urn,
  instanceId,
});

/** @param ids undefined: a droplet of another process */
function run(ids: Record<string, string | undefined>, more: Partial<RunDroplets> = {}): RunDroplets {
  const own = Object.entries(ids).flatMap(([urn, id]) => (id === undefined ? [] : [[urn, id] as const]));
  const urns = new Set(Object.keys(ids));
  return { urns, ids: new Map(own), managed: new Set(own.map(([urn]) => urn)), incomplete: false, ...more };
}
function host(known: Record<string, string | null>, more: Partial<HostKnows> = {}): HostKnows {
  const entries = Object.entries(known).map(([urn, id]) => [urn, id === null ? null : vm(id)] as const);
  return { known: new Map(entries), others: [], told: new Set(), committed: new Set(), ...more };
}

describe("what a host is to be told at the end of a run", () => {
  it("nothing where it knows each droplet, and no other VM", () => {
    expect(newsOf(run({ a: "1", b: "2" }), host({ a: "1", b: "2" }))).toEqual(NOTHING);
  });
  it("nothing where the host is older, or was not there", () => {
    expect(newsOf(run({ a: "1" }), { ...host({}), known: new Map([["a", undefined]]) })).toEqual(NOTHING);
    expect(newsOf(run({ a: "1" }), host({}))).toEqual(NOTHING);
  });
  it("that a droplet exists which it does not know there: it had another stack, or its create was not told", () => {
    expect(newsOf(run({ a: "1", b: "2" }), host({ a: null, b: "2" }))).toEqual({ exist: ["a"], absent: [] });
    expect(newsOf(run({ a: "1" }), host({ a: null }, { told: new Set(["a"]) }))).toEqual(NOTHING);
  });
  it("that a VM of another URN is this droplet, also one that has no seed of its own in the run", () => {
    const others = [other("old", "1")];
    expect(newsOf(run({ a: "1" }), host({ a: null }, { others }))).toEqual({ exist: ["a"], absent: [] });
    expect(newsOf(run({ a: "1" }), host({}, { others }))).toEqual({ exist: ["a"], absent: [] });
  });
  it("both of two droplets that changed their names with each other", () => {
    expect(newsOf(run({ a: "2", b: "1" }), host({ a: "1", b: "2" }))).toEqual({ exist: ["a", "b"], absent: [] });
  });
  it("that VMs are absent which the program has no more, with or without a machine", () => {
    const others = [other("old", "9"), other("failed", null), other("of another request", "2")];
    const droplets = run({ a: "1", "of another request": "2" });
    expect(newsOf(droplets, host({ a: "1" }, { others }))).toEqual({
      exist: [],
      absent: [
        { seedId: "seed of 9", urn: "old" },
        { seedId: "seed of failed", urn: "failed" },
      ],
    });
  });
  it("that a machine is absent whose URN has another one now; where this run replaced it the host knows", () => {
    const knows = host({ a: "1" });
    expect(newsOf(run({ a: "2" }), knows)).toEqual({ exist: ["a"], absent: [{ seedId: "seed of 1", urn: "a" }] });
    const made = new Set(["a"]);
    expect(newsOf(run({ a: "2" }), { ...knows, told: made, committed: made })).toEqual(NOTHING);
  });
  it("of no absent VM where one may be a droplet whose instance id only another process knows", () => {
    const others = [other("old", "9")];
    expect(newsOf(run({ a: undefined }), host({ a: null }, { others }))).toEqual(NOTHING);
    expect(newsOf(run({ a: "1" }, { incomplete: true }), host({ a: "1" }, { others }))).toEqual(NOTHING);
    const absent = [{ seedId: "seed of 9", urn: "old" }];
    expect(newsOf(run({ a: undefined }), host({ a: "1" }, { others })).absent).toEqual(absent);
    const committed = new Set(["a"]);
    expect(newsOf(run({ a: undefined }), host({ a: null }, { others, committed })).absent).toEqual(absent);
  });
  it("nothing of a droplet that is only read: it is another stack's", () => {
    const droplets = run({ a: "1" }, { managed: new Set() });
    expect(newsOf(droplets, host({ a: null }))).toEqual(NOTHING);
    expect(newsOf(droplets, host({}, { others: [other("old", "1")] }))).toEqual(NOTHING);
  });
});
