import { runCausal } from "../causal/run.ts";
import { CAUSAL_HEADING, causalLine, judge } from "../causal/table.ts";
import type { DemoResult } from "./result.ts";
import { heading, ok, paint, print, table } from "./show.ts";
import { timed } from "./stopwatch.ts";

/** Act 1: does the SSH host key depend on the seed? @throws {Error} when the answer is not what the product promises */
export async function causalAct(result: DemoResult): Promise<void> {
  heading("1. Does the SSH host key depend on the seed?");
  print(
    "  A mini VM (Debian kernel, python3, real ssh-keygen) that repeats itself bit for bit: only the seed differs.\n",
  );
  print(`  ${paint("dim", CAUSAL_HEADING)}`);
  const rows = await timed(result, "causal proof", () => runCausal({ onRow: (row) => print(`  ${causalLine(row)}`) }));
  result.causal = rows.map(({ case: kind, seed, hostKey }) => ({ case: kind, seed, hostKey }));
  const verdict = judge(rows);
  const key = (kind: string, seed: string): string =>
    rows.find((row) => row.case === kind && row.seed === seed)?.hostKey.slice(7, 15) ?? "";
  print();
  table([
    ["what was done with the seed", "seed A", "seed B", "does the key depend on it?"],
    [
      "mixed and credited, not reseeded",
      key("control", "A"),
      key("control", "B"),
      verdict.mixingAloneIsIgnored ? "no" : "?",
    ],
    ["as shipped: and then reseeded", key("shipped", "A"), key("shipped", "B"), verdict.seedDecides ? "yes" : "?"],
  ]);
  const broken = Object.entries(verdict).filter(([, holds]) => !holds);
  if (broken.length > 0)
    throw new Error(
      `the causal table is not as promised (${broken.map(([name]) => name).join(", ")}): run \`node tools/causal/main.ts --json\` and report its output`,
    );
  ok(
    "only the forced reseed lets the seed reach the key; seed A twice gives one key, so nothing but the seed made the difference",
  );
}
