import { describe, expect, it } from "vitest";
import { sampleVm } from "../../testing/sample-vm.ts";
import { distanceOf, nearest } from "./suggest.ts";
import { shown } from "./vm-show.ts";

describe("suggestions", () => {
  it.each([
    ["web", "web", 0],
    ["wbe", "web", 1],
    ["web", "we", 1],
    ["kitten", "sitting", 3],
    ["", "web", 3],
  ])("from %j to %j are %i letters", (a, b, expected) => {
    expect([distanceOf(a, b), distanceOf(b, a)]).toEqual([expected, expected]);
  });
  it("are at most five, the nearest first", () => {
    const names = Array.from({ length: 3000 }, (_, i) => `web-${i}`);
    const found = nearest("wbe-17", names);
    expect([found.length, found[0]]).toEqual([5, "web-17"]);
  });
  it("are none where nothing is near", () => {
    expect(nearest("database", ["web-1", "x"])).toEqual([]);
  });
});

describe("vm show", () => {
  const old = sampleVm({ seedId: "cd".repeat(16), committedAt: 1, goneAt: 2 });
  const twin = sampleVm({ seedId: "ef".repeat(16), committedAt: 5, stack: "o/p/t" });
  const web = sampleVm();
  const other = sampleVm({ name: "db", seedId: "aa".repeat(16), addresses: [], instanceId: "7" });
  const ids = (wanted: string): string[] =>
    shown([old, twin, web, other], wanted).map(({ seedId }) => seedId.slice(0, 2));
  it.each([
    ["web-7", ["ab", "ef", "cd"]],
    ["192.0.2.7", ["ab", "ef", "cd"]],
    ["WEB-7.", ["ab", "ef", "cd"]],
    ["cd".repeat(16), ["cd"]],
    ["7", ["aa"]],
  ])("of %s shows all that fit, those that exist first", (wanted, expected) => {
    expect(ids(wanted)).toEqual(expected);
  });
});
