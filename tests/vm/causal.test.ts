import { beforeAll, describe, expect, it } from "vitest";
import { runCausal, type CausalRow } from "../../tools/causal/run.ts";

/**
 * The one test that cannot be fooled: every boot is the same boot, bit for bit, except for the seed; so if two host keys differ, the seed
 * made the difference, and if they agree, the seed was ignored. The kit's own words (mixed, reseeded) are checked against that.
 */
describe("causal proof with the shipped kit", () => {
  let rows: CausalRow[] = [];
  const of = (kind: string, seed: string): CausalRow[] => rows.filter((row) => row.case === kind && row.seed === seed);

  beforeAll(async () => {
    rows = await runCausal();
  });

  it("without a seed, two boots make the same host key: the harness repeats itself", () => {
    const [first, second] = keys(of("none", "none"));
    expect(first).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(second).toBe(first);
  });

  it("mixed and credited without the reseed, seeds A and B make the same host key", () => {
    const [a, b] = [of("control", "A"), of("control", "B")];
    for (const row of [...a, ...b]) expect(row).toMatchObject({ mixed: true, reseeded: false });
    expect(keys(b)).toEqual(keys(a));
  });

  it("as shipped, seeds A and B make different host keys", () => {
    const [a, b] = [of("shipped", "A"), of("shipped", "B")];
    for (const row of [...a, ...b]) expect(row).toMatchObject({ mixed: true, reseeded: true });
    expect(keys(b)[0]).not.toBe(keys(a)[0]);
    expect(keys(of("none", "none"))).not.toContain(keys(a)[0]);
  });

  it("as shipped, seed A twice makes the same host key: nothing but the seed made the difference", () => {
    const [first, second] = keys(of("shipped", "A"));
    expect(second).toBe(first);
  });
});

function keys(found: readonly CausalRow[]): string[] {
  return found.map((row) => row.hostKey);
}
