import { runCausal, type CausalRow } from "../causal/run.ts";
import type { DemoResult } from "./result.ts";
import { heading, ok, print, table } from "./show.ts";
import { timed } from "./stopwatch.ts";

const WHAT: Record<CausalRow["case"], string> = {
  none: "no seed",
  control: "mixed and credited, no reseed",
  shipped: "as shipped: mixed, credited, reseeded",
};

/** Act 1: does the SSH host key depend on the seed? @throws {Error} when the answer is not what the product promises */
export async function causalAct(result: DemoResult): Promise<void> {
  heading("1. Does the SSH host key depend on the seed?");
  print("  A mini VM (Debian kernel, python3, real ssh-keygen) that repeats bit for bit; only the seed differs.");
  const rows = await timed(result, "causal proof", () => runCausal({ onRow: (row) => print(`  ${row.seed.padEnd(4)}  ${row.hostKey}   ${WHAT[row.case]}`) }));
  result.causal = rows.map(({ case: kind, seed, hostKey }) => ({ case: kind, seed, hostKey }));
  const key = (kind: CausalRow["case"], seed: CausalRow["seed"]): Set<string> => new Set(rows.filter((r) => r.case === kind && r.seed === seed).map((r) => r.hostKey));
  const same = (...keys: Set<string>[]): boolean => new Set(keys.flatMap((k) => [...k])).size === 1;
  const depends = !same(key("shipped", "A"), key("shipped", "B"));
  print();
  table([
    ["what was done", "seed A", "seed B", "does the key depend on it?"],
    ...(["control", "shipped"] as const).map((kind) => {
      const [a = "", b = ""] = [...key(kind, "A"), ...key(kind, "B")];
      return [WHAT[kind], a.slice(7, 17), b.slice(7, 17), a === b ? "no" : "yes"];
    }),
  ]);
  const sound = same(key("none", "none")) && same(key("control", "A"), key("control", "B")) && depends && key("shipped", "A").size === 1;
  if (!sound) throw new Error("the causal table is not as promised (see above): please report it with the output of `node tools/causal/main.ts --json`");
  ok("only the forced reseed lets the seed reach the key; the same seed twice gives the same key, so nothing else made the difference");
}
