import { describe, expect, it } from "vitest";
import { filterVms, filterQuery, type Filtered, isStale, matcherOf } from "./vm-filter.ts";

describe("a pattern", () => {
  it.each([
    ["web", "web", true],
    ["web", "web-1", false],
    ["web*", "web", true],
    ["web*", "a-web", false],
    ["*", "", true],
    ["a*a", "a", false],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["acme/*/prod", "acme/web/prod", true],
    ["a.c", "abc", false],
    [`${"*a".repeat(40)}*`, "a".repeat(39), false],
  ])("%s and %j: %s", (pattern, text, expected) => {
    expect(matcherOf(pattern)(text)).toBe(expected);
  });
});

const vm = (more: Partial<Filtered>): Filtered => ({
  stack: "o/p/s",
  urn: "urn:web",
  name: "web",
  seedId: "ab".repeat(16),
  committedAt: 100,
  claimedAt: 200,
  instanceId: "1",
  addresses: ["192.0.2.1"],
  state: "reported",
  lastTopUp: null,
  ...more,
});
const CLOCK = { now: 1000, intervalMs: 100_000 };

describe("a filter", () => {
  it("takes the state that ends a VM", () => {
    const vms = [vm({}), vm({ goneAt: 1 }), vm({ revokedAt: 1, goneAt: 1 }), vm({ forgottenAt: 1 })];
    const states = (...wanted: ("reported" | "gone" | "revoked")[]): number =>
      filterVms(vms, { states: wanted, forgotten: true }, CLOCK).length;
    expect([states("reported"), states("gone"), states("revoked"), states("gone", "revoked")]).toEqual([1, 1, 2, 3]);
    expect(filterVms(vms, {}, CLOCK)).toHaveLength(3);
  });
  it("takes a VM for stale after two intervals without a top-up, and none that is not enrolled or not live", () => {
    const at = (last: number): Filtered => vm({ lastTopUp: { at: last } });
    expect([isStale(at(800), CLOCK), isStale(at(799), CLOCK)]).toEqual([false, true]);
    expect(isStale(vm({}), CLOCK)).toBe(true);
    for (const more of [{ claimedAt: null }, { revokedAt: 1 }, { goneAt: 1 }])
      expect(isStale(vm(more), CLOCK)).toBe(false);
  });
  it("is a query in which every part has its name", () => {
    const filter = { stack: "a/*", name: "n", client: "c", states: ["gone"], hosts: ["h", "i"] } as const;
    const query = filterQuery({ ...filter, olderThanSeconds: 5, stale: true, forgotten: true });
    expect(query.toString()).toBe(
      "stack=a%2F*&name=n&client=c&state=gone&host=h&host=i&olderThan=5&stale=yes&forgotten=yes",
    );
    expect(filterQuery({}).toString()).toBe("");
  });
});
