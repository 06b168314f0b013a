import { describe, expect, it } from "vitest";
import { agreedReport } from "./agreement.ts";
import type { Asked } from "./host-run.ts";
import type { DropletReport } from "./report.ts";

const report = (...sshHostKeys: string[]): DropletReport => ({
  schema: 1,
  seedId: "ab".repeat(16),
  verdict: "reseeded",
  sshHostKeys,
  evidence: {},
});
const says = (...keys: string[]): Asked => ({ kind: "report", report: report(...keys) });
const never: Asked = { kind: "unseeded", report: { ...report(), seedId: "", verdict: "unseeded" } };
const waiting: Asked = { kind: "waiting", state: "claimed at host b" };
const down: Asked = { kind: "failed", state: "host b is unreachable" };

describe("agreedReport", () => {
  it.each<[string, Asked[], number, string]>([
    ["one host, its report", [says("k")], 1, "report"],
    ["both say the same, in another order", [says("k", "l"), says("l", "k")], 2, "report"],
    ["two needed, one has it", [says("k"), waiting], 2, "waiting"],
    ["one needed, one has it", [says("k"), waiting], 1, "report"],
    ["two needed, one is down", [says("k"), down], 2, "waiting"],
    ["one needed, one is down", [says("k"), down], 1, "report"],
    ["two needed, but the other never gave it a seed", [says("k"), never], 2, "report"],
    ["nobody ever gave it a seed", [never, never], 2, "report"],
    ["one never did, one is down: unknown", [never, down], 1, "waiting"],
    ["a lying host", [says("k"), says("x")], 1, "contradiction"],
    ["a lying host that leaves keys out", [says("k", "l"), says("k")], 2, "contradiction"],
    ["a lying host among three", [says("k"), says("k"), says("x")], 1, "contradiction"],
  ])("%s", (_name, asked, minHosts, kind) => {
    expect(agreedReport(asked, minHosts).kind).toBe(kind);
  });

  it("says how far it is", () => {
    expect(agreedReport([says("k"), waiting], 2)).toEqual({
      kind: "waiting",
      state: "1 of 2 hosts have its report; claimed at host b",
    });
  });
});
