import type { CausalRow } from "./console.ts";

/** What the table says of the four things that must hold; all true = the host key depends on the seed, and because of the reseed. */
interface CausalVerdict {
  /** no seed, two boots: the same key, so the harness repeats itself bit for bit */
  readonly repeatsWithoutSeed: boolean;
  /** mixed and credited, not reseeded: A and B end in the same key */
  readonly mixingAloneIsIgnored: boolean;
  /** as shipped: A and B end in different keys */
  readonly seedDecides: boolean;
  /** as shipped, A twice: the same key, so nothing but the seed made the difference */
  readonly repeatsWithSeed: boolean;
}

/** Judges the rows of `runCausal`. Rows whose kit reports a failed mix, or a reseed where none belongs, never count as proof. */
export function judge(rows: readonly CausalRow[]): CausalVerdict {
  const pick = (kind: string, seed: string): CausalRow[] =>
    rows.filter((row) => row.case === kind && row.seed === seed);
  const none = pick("none", "none");
  const [controlA, controlB] = [pick("control", "A"), pick("control", "B")];
  const [shippedA, shippedB] = [pick("shipped", "A"), pick("shipped", "B")];
  const control = [...controlA, ...controlB];
  const shipped = [...shippedA, ...shippedB];
  const trusted =
    control.every((row) => row.mixed && !row.reseeded) && shipped.every((row) => row.mixed && row.reseeded);
  return {
    repeatsWithoutSeed: none.length > 1 && same(none),
    mixingAloneIsIgnored: trusted && controlA.length > 0 && controlB.length > 0 && same(control),
    seedDecides: trusted && shippedA.length > 0 && shippedB.length > 0 && shippedA[0]?.hostKey !== shippedB[0]?.hostKey,
    repeatsWithSeed: trusted && shippedA.length > 1 && same(shippedA),
  };
}

function same(rows: readonly CausalRow[]): boolean {
  return new Set(rows.map((row) => row.hostKey)).size === 1;
}

/** Column headings and the rows below them, for a terminal of 100 columns. */
export const CAUSAL_HEADING: string = line("case", "seed", "mixed", "reseeded", "SSH host key");

/** One row as a line of text. */
export function causalLine(row: CausalRow): string {
  const name = { none: "no seed", control: "kit without its reseed", shipped: "kit as shipped" }[row.case];
  const tick = (done: boolean): string => (row.case === "none" ? "-" : done ? "yes" : "no");
  return line(name, row.seed === "none" ? "-" : row.seed, tick(row.mixed), tick(row.reseeded), row.hostKey);
}

function line(name: string, seed: string, mixed: string, reseeded: string, key: string): string {
  return `${name.padEnd(24)}${seed.padEnd(6)}${mixed.padEnd(7)}${reseeded.padEnd(10)}${key}`;
}
