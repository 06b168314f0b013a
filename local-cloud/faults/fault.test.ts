import { describe, expect, it } from "vitest";
import { FaultPlan } from "./fault-plan.ts";
import { parseFault } from "./fault-rule.ts";

/** What goes wrong with each of `n` such requests. */
const taken = (plan: FaultPlan, method: string, path: string, n: number): (string | undefined)[] =>
  Array.from({ length: n }, () => plan.take(method, path)?.kind);

describe("a fault", () => {
  it.each([
    ["POST /v2/droplets: 429", { effect: { kind: "status", status: 429 }, times: 1, after: 0 }],
    ["POST /v2/droplets: 503 x2", { effect: { kind: "status", status: 503 }, times: 2, after: 0 }],
    ["POST /v2/droplets: drop-after x* after 3", { effect: { kind: "drop-after" }, times: Infinity, after: 3 }],
    ["* /v2/tags/*/resources: drop-before", { method: "*", effect: { kind: "drop-before" } }],
    ["GET /v2/droplets/*: slow 2.5s", { effect: { kind: "slow", ms: 2500 } }],
    ["GET /v2/droplets/*: slow 40ms after 1", { effect: { kind: "slow", ms: 40 }, after: 1 }],
  ])("%s", (text, expected) => {
    expect(parseFault(text)).toMatchObject({ text, ...expected });
  });

  it.each([
    "",
    "429",
    "POST /v2/droplets 429",
    "POST v2/droplets: 429",
    "post /v2/droplets: 429",
    "POST /v2/droplets: 200",
    "POST /v2/droplets: 429 x",
    "POST /v2/droplets: 429 x-1",
    "POST /v2/droplets: 429 2",
    "POST /v2/droplets: slow",
    "POST /v2/droplets: slow 3",
    "POST /v2/droplets: drop",
  ])("is none, and says what one is: %j", (text) => {
    expect(() => parseFault(text)).toThrow(/expected a fault as METHOD PATH: EFFECT \[xN\] \[after M\].*got /);
  });
});

describe("a plan", () => {
  it("counts only what matches: method, whole path, * for one segment", () => {
    const plan = new FaultPlan(["GET /v2/droplets/*: 503 x*"]);
    for (const [method, path] of [
      ["POST", "/v2/droplets/7"],
      ["GET", "/v2/droplets"],
      ["GET", "/v2/droplets/"],
      ["GET", "/v2/droplets/7/actions"],
      ["GET", "/x/v2/droplets/7"],
      ["GET", "/v2xdroplets/7"],
    ] as const)
      expect(plan.take(method, path)).toBeUndefined();
    expect(plan.take("GET", "/v2/droplets/7")).toMatchObject({ status: 503 });
  });

  it("lets M pass, spoils N, then is used up", () => {
    const plan = new FaultPlan(["POST /v2/droplets: drop-after x2 after 1"]);
    expect(plan.left()).toHaveLength(1);
    expect(taken(plan, "POST", "/v2/droplets", 5)).toEqual([
      undefined,
      "drop-after",
      "drop-after",
      undefined,
      undefined,
    ]);
    expect(plan.left()).toEqual([]);
  });

  it("takes rules for the same request one after the other, and can be added to", () => {
    const plan = new FaultPlan(["POST /v2/droplets: 429", "POST /v2/droplets: drop-before"]);
    plan.add("* /v2/droplets: slow 1ms");
    expect(taken(plan, "POST", "/v2/droplets", 4)).toEqual(["status", "drop-before", "slow", undefined]);
  });
});
