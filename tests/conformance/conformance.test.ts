/**
 * Kit and agent, two programs in two languages, over the same deliveries: the same verdict with the same code, the same
 * requests, the same bytes into the kernel, the same files; each good packet accepted once.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answered, good } from "./case.ts";
import { answerDamage, packetCuts, statementDamage } from "./cases/damage.ts";
import { derCases } from "./cases/der.ts";
import { stateCases } from "./cases/state.ts";
import { statementCases } from "./cases/statements.ts";
import { swappedCases } from "./cases/swapped.ts";
import { packetFor } from "./hosts.ts";
import { Pair, PAIR_READY } from "./pair.ts";

describe.skipIf(!PAIR_READY)("kit and agent", () => {
  let pair: Pair;
  beforeAll(() => void (pair = new Pair()));
  afterAll(() => pair?.[Symbol.asyncDispose]());

  it("take the host's own packet, with the same receipt, bytes for the kernel and files", async () => {
    expect(await pair.run([good])).toEqual({ count: 1, accepted: 1, deviations: [] });
  });

  it("take each good packet once, whatever order they come in", async () => {
    const first = packetFor({ packetCounter: 7 });
    const again = { name: "the same once more", expected: "bad-signature", counter: 7, answers: answered(first) };
    const older = packetFor({ counter: 7, packetCounter: 7 });
    const replayed = { name: "the same counter", expected: "bad-counter", counter: 7, answers: answered(older) };
    const fresh = { name: "the first time", expected: "accepted", answers: answered(first) };
    expect(await pair.run([fresh, again, replayed])).toEqual({ count: 3, accepted: 1, deviations: [] });
  });

  it.each([
    ["fields swapped, other labels, kinds, statuses, counters", swappedCases, 75],
    ["statements: followed, stale, forged", statementCases, 25],
    ["DER that is not canonical in every way", derCases, 1100],
    ["every bit flip and truncation of the answer", answerDamage, 10_000],
    ["every truncation of the packet", packetCuts, 1100],
    ["every bit flip and truncation of a statement, both kinds of root", statementDamage, 3700],
  ])("agree on %s", async (_, cases, atLeast) => {
    const { count, deviations } = await pair.run(cases());
    expect(deviations).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(atLeast);
  });

  it("agree on state files gone, damaged, and another's", async () => {
    const { count, deviations } = await pair.run(stateCases());
    expect(deviations).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(6000);
  });
});
