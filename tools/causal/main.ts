import { parseArgs } from "node:util";
import { runCausal } from "./run.ts";
import { CAUSAL_HEADING, causalLine, judge } from "./table.ts";

/** `node tools/causal/main.ts [--json]`: runs the causal proof and prints its table; exit status 1 if it does not hold. */
const HELP = `Usage: node tools/causal/main.ts [--json]

Seven boots of a mini VM that differ only in the seed: does the SSH host key depend on it?
Example: node tools/causal/main.ts --json
Exit: 0 it holds, 1 it does not, 64 command line
`;
const values = options();
const began = Date.now();
if (!values.json) console.log(CAUSAL_HEADING);
const rows = await runCausal({
  progress: (line) => console.error(line),
  onRow: (row) => {
    if (!values.json) console.log(causalLine(row));
  },
});
const verdict = judge(rows);
const seconds = Math.round((Date.now() - began) / 100) / 10;
if (values.json) console.log(JSON.stringify({ causal: rows, verdict, seconds }));
else {
  say(verdict.repeatsWithoutSeed, "no seed, two boots: the same key (the harness repeats itself bit for bit)");
  say(
    verdict.mixingAloneIsIgnored,
    "mixed and credited, not reseeded: A and B give the same key (the seed is ignored)",
  );
  say(verdict.seedDecides, "as shipped: A and B give different keys (the seed decides)");
  say(verdict.repeatsWithSeed, "as shipped, A twice: the same key (nothing but the seed made the difference)");
  console.log(`${rows.length} boots in ${seconds} s`);
}
function say(holds: boolean, text: string): void {
  console.log(`${holds ? "holds" : "FAILS"}  ${text}`);
}
process.exitCode = Object.values(verdict).every(Boolean) ? 0 : 1;

function options(): { json: boolean } {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values: given } = parseArgs({ options: { json: flag, help: flag } });
    if (given.help) end(process.stdout, HELP, 0);
    return given;
  } catch (error) {
    return end(process.stderr, `${error instanceof Error ? error.message : String(error)}\n${HELP}`, 64);
  }
}

function end(to: NodeJS.WriteStream, text: string, code: number): never {
  to.write(text);
  process.exit(code);
}
