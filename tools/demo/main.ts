// `npm run demo`: set-up, then three acts on real parts, then what it took. `--json FILE` keeps every result.
import { accessSync, constants, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { orExit, say, setUp } from "../setup/set-up.ts";
import { causalAct } from "./act-causal.ts";
import { hostDownAct } from "./act-host-down.ts";
import { vmAct } from "./act-vm.ts";
import { emptyResult, type DemoResult } from "./result.ts";
import { heading, ok, paint, print, table } from "./show.ts";
import { withStage } from "./stage.ts";
import { timed } from "./stopwatch.ts";

const { values } = parseArgs({ options: { json: { type: "string" } } });

/** This machine's hardware generator where this user may read it, else the system's. Either is called what it is. */
function source(): "hwrng" | "system" {
  try {
    accessSync("/dev/hwrng", constants.R_OK);
    return "hwrng";
  } catch {
    return "system";
  }
}

function summary(result: DemoResult): void {
  heading("What ran, and what it took");
  table(result.steps.map(({ name, seconds }) => [name, `${seconds.toFixed(1)} s`]));
  const { sizes } = result;
  if (sizes) print(`  added to user-data: ${sizes.userDataBytes} B; one top-up packet: ${sizes.packetBytes} B`);
  print("\n  On a real stack (README, Use it on a real stack):");
  const lines = [
    "sudo npx bootseed-host init --config /etc/bootseed/host.yaml --guests 0.0.0.0:7443 --advertise HOST:7443, then serve",
    'new SeededDroplet("web", { host: "unix:///run/bootseed/mint.sock", image, size, region })   // in your Pulumi program',
    "pulumi up && pulumi stack output knownHosts >> ~/.ssh/known_hosts",
  ];
  for (const line of lines) print(`    ${paint("cyan", line)}`);
}

say(
  "about 2 minutes once everything is set up (the first time up to 12), 1 GiB of memory, loopback only, no cloud account",
);
const began = performance.now();
const parts = await orExit(setUp(say, ["debian-12-x64"]));
const result = emptyResult(parts.engine);
result.steps.push({ name: "set-up", seconds: Math.round((performance.now() - began) / 100) / 10 });
try {
  await causalAct(result);
  await withStage(parts, result, source(), async (demo) => {
    await vmAct(demo);
    await hostDownAct(demo);
    await timed(result, "destroy", () => demo.stack.pulumi(["destroy", "--yes", "--skip-preview"]));
  });
  ok("destroyed: no droplet, no process and no file is left");
} catch (error) {
  const { all, message } = error as { all?: string; message?: string };
  say(`the demo failed: ${message ?? String(error)}${all === undefined ? "" : `\n${all}`}`);
  process.exitCode = 70;
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
if (process.exitCode === undefined) summary(result);
