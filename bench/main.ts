/** `npm run bench`: measures both sides in one run and prints ratios, with the goals beside them. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Bench } from "./bench.ts";
import { counters } from "./counters.ts";
import { deliveries } from "./deliveries.ts";
import { agent, kit } from "./guests.ts";
import { lists } from "./lists.ts";
import { login } from "./login.ts";
import { describeMachine, machine } from "./machine.ts";
import { mint } from "./mint.ts";
import { noOp } from "./no-op.ts";
import { packets } from "./packets.ts";
import { Peers } from "./peer.ts";
import type { Row } from "./row.ts";
import { schedule } from "./schedule.ts";
import { table } from "./table.ts";

const BENCHES: readonly Bench[] = [packets, deliveries, counters, schedule, kit, agent, mint, lists, login, noOp];
const EX_USAGE = 64;
const EX_SOFTWARE = 70;

const HELP = `Usage: npm run bench -- [options]

Measures this product against C peers and limits in one run, both sides in turns, by processor time.
A missed goal is said and does not fail the run; something that cannot be measured does.

  --only NAME    one part; may be repeated:
${BENCHES.map(({ name, what }) => `                   ${name.padEnd(12)}${what}`).join("\n")}
  --quick        fewer rounds: rougher numbers
  --json FILE    also as JSON; "-" prints it instead of the table
  --help

Examples:
  npm run bench
  npm run bench -- --only packets --json result.json
`;

function options(): { only: readonly string[]; quick: boolean; json: string | undefined } {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const unknown = values.only.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown !== undefined)
    throw new RangeError(`--only ${unknown}: expected one of ${BENCHES.map(({ name }) => name).join(", ")}`);
  return { only: values.only, quick: values.quick, json: values.json };
}

async function main({ only, quick, json }: ReturnType<typeof options>): Promise<number> {
  using peers = new Peers();
  const on = machine();
  const rows: Row[] = [];
  const failures: { name: string; reason: string }[] = [];
  for (const bench of BENCHES) {
    if (only.length > 0 ? !only.includes(bench.name) : bench.byName) continue;
    process.stderr.write(`… ${bench.name}: ${bench.what}\n`);
    const say = (text: string): unknown => process.stderr.write(`  ${text}\n`);
    try {
      rows.push(...(await bench.run({ peers, quick, say })));
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
      failures.push({ name: bench.name, reason });
      process.stderr.write(`✗ ${bench.name} could not be measured: ${reason}\n`);
    }
  }
  const result = `${JSON.stringify({ schema: 1, machine: on, quick, rows, failures }, null, 2)}\n`;
  if (json === "-") process.stdout.write(result);
  else {
    process.stdout.write(`${describeMachine(on)}\n\n${table(rows)}`);
    for (const { name, reason } of failures) process.stdout.write(`NOT MEASURED: ${name}: ${reason}\n`);
    if (json !== undefined) writeFileSync(json, result);
  }
  return failures.length === 0 ? 0 : EX_SOFTWARE;
}

let parsed;
try {
  parsed = options();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n(--help shows every option)\n`);
  process.exit(EX_USAGE);
}
process.exitCode = await main(parsed);
