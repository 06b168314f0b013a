import { describe, expect, it } from "vitest";
import { Refusals } from "./refusals.ts";

function observed(): { refusals: Refusals; lines: [object, string][]; clock: { now: number } } {
  const lines: [object, string][] = [];
  const log = (fields: object, message: string): number => lines.push([fields, message]);
  const clock = { now: 1000 };
  return { refusals: new Refusals({ info: log, warn: log, error: log }, () => clock.now), lines, clock };
}

describe("refusals", () => {
  it("are counted by kind and code, one log line each", () => {
    const { refusals, lines } = observed();
    refusals.count("packets", "bad-signature", "hello: wrong");
    refusals.count("packets", "bad-signature", "hello: wrong");
    refusals.count("claims", "bad-mac", "claim: wrong");
    expect(refusals.counts()).toEqual({ "claims.bad-mac": 1, "packets.bad-signature": 2 });
    expect(lines.length).toBe(3);
    expect(lines[2]).toEqual([{ kind: "claims", code: "bad-mac", reason: "claim: wrong" }, "refused"]);
  });

  it("of a flood are all counted, but sixty a minute, kind and code are logged; then how many were not", () => {
    const { refusals, lines, clock } = observed();
    for (let i = 0; i < 10_000; i++) refusals.count("packets", "malformed", "x");
    refusals.count("claims", "malformed", "x");
    expect([lines.length, refusals.counts()]).toEqual([61, { "claims.malformed": 1, "packets.malformed": 10_000 }]);
    clock.now += 60;
    refusals.count("packets", "malformed", "x");
    expect(lines.slice(61)).toMatchObject([
      [{ kind: "packets", dropped: 9940 }, expect.stringMatching(/more refusals/)],
      [{}, "refused"],
    ]);
    // The serial that an operator needs, in the midst of it.
    for (let i = 0; i < 100; i++) refusals.count("packets", "malformed", "x");
    refusals.count("packets", "statement-ahead", "hello with statement 7");
    expect(lines.at(-1)).toMatchObject([{ reason: "hello with statement 7" }, "refused"]);
    const before = lines.length;
    // A clock that goes back silences nothing.
    clock.now -= 500;
    refusals.count("packets", "malformed", "x");
    expect(lines.length - before).toBe(2);
  });

  it("quote no more than a little of what was sent", () => {
    const { refusals, lines } = observed();
    refusals.count("reports", "malformed", "x".repeat(16_000));
    expect(JSON.stringify(lines).length).toBeLessThan(400);
  });
});
