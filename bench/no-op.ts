/** `pulumi up` and `preview` of a stack of many droplets in which nothing changed: with us, and the same program without. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HostProcess } from "../tests/loopback/host-process.ts";
import { ManyDroplets, type Way } from "../tests/engine/matrix/many-droplets.ts";
import { PausingProxy } from "../tests/engine/matrix/pausing-proxy.ts";
import { Stops } from "../tests/engine/matrix/stops.ts";
import type { Bench } from "./bench.ts";
import { atMost, type Row } from "./row.ts";
import { median } from "./stats.ts";

/** What one command took. */
type Cost = { seconds: number; cpuSeconds: number; programMiB: number; requests: number };

/** Ticks of `times(2)` per second: always 100 on Linux. */
const TICKS = 100;

/** Processor time of all children that have ended, and of theirs: engine, language host, program, provider (proc_pid_stat(5), 16 and 17). */
function childrenCpuSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(13, 15)
    .map(Number);
  return (user + system) / TICKS;
}

const COMMANDS = {
  up: ["up", "--yes", "--skip-preview", "--expect-no-changes"],
  preview: ["preview", "--expect-no-changes"],
} as const;
type Command = keyof typeof COMMANDS;

const GOALS: Record<Command, number> = { up: 1, preview: 0.3 };
const MEMORY_MIB = 50;
const REQUESTS = 2;

async function cost(stack: ManyDroplets, proxy: PausingProxy, command: Command): Promise<Cost> {
  proxy.calls.length = 0;
  const [began, cpuBefore] = [performance.now(), childrenCpuSeconds()];
  await stack.bench.must(...COMMANDS[command]);
  const [seconds, cpuSeconds] = [(performance.now() - began) / 1000, childrenCpuSeconds() - cpuBefore];
  return { seconds, cpuSeconds, programMiB: stack.took().maxRssKiB / 1024, requests: proxy.calls.length };
}

const middle = (costs: readonly Cost[]): Cost => ({
  seconds: median(costs.map(({ seconds }) => seconds)),
  cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
  programMiB: median(costs.map(({ programMiB }) => programMiB)),
  requests: Math.max(...costs.map(({ requests }) => requests)),
});

/** @param long the program without us whose own user-data is as long as ours: what the length alone costs */
function rowsOf(name: string, command: Command, ours: Cost, plain: Cost, long: Cost): Row[] {
  const what = `${name}, ${command}`;
  const [seconds, mib] = [ours.seconds - plain.seconds, ours.programMiB - plain.programMiB];
  const against = (value: number): Pick<Row, "against"> => ({ against: { what: "without us", value } });
  const goal = GOALS[command];
  return [
    {
      what: `${what}: time more`,
      value: seconds,
      unit: "s",
      ...against(plain.seconds),
      goal: atMost(seconds, goal, `≤ ${goal} s`),
    },
    {
      what: `${what}: time more than with a user-data as long`,
      value: ours.seconds - long.seconds,
      unit: "s",
      against: { what: "as long, without us", value: long.seconds },
    },
    {
      what: `${what}: program's memory more`,
      value: mib,
      unit: "MiB",
      ...against(plain.programMiB),
      goal: atMost(mib, MEMORY_MIB, `≤ ${MEMORY_MIB} MiB`),
    },
    {
      what: `${what}: processor time more, engine and provider included`,
      value: ours.cpuSeconds - plain.cpuSeconds,
      unit: "s",
      ...against(plain.cpuSeconds),
    },
    {
      what: `${what}: requests to the host`,
      value: ours.requests,
      unit: "",
      goal: atMost(ours.requests, command === "up" ? REQUESTS : 0, command === "up" ? `≤ ${REQUESTS}` : "0"),
    },
  ];
}

export const noOp: Bench = {
  name: "no-op",
  byName: true,
  what: "up and preview of 3,000 unchanged droplets on the real engine, with and without us",
  async run({ quick, say }) {
    const [count, rounds] = quick ? [300, 1] : [3000, 2];
    await using host = await HostProcess.make();
    await host.start();
    const socket = join(host.dir, "counted.sock");
    await using proxy = await PausingProxy.open(socket, host.mintSocket, new Stops());
    const stacks = new Map<Way, ManyDroplets>();
    await using all = new AsyncDisposableStack();
    for (const way of ["plain", "long", "seedStack", "seeded"] as const) {
      const stack = all.use(await ManyDroplets.open(way, `unix://${socket}`));
      await stack.multiply(count);
      stacks.set(way, stack);
      say(`a stack of ${count} droplets, ${way}`);
    }
    const rows: Row[] = [];
    for (const command of ["up", "preview"] as const) {
      const costs = new Map<Way, Cost[]>();
      for (let round = 0; round < rounds; round++)
        for (const [way, stack] of stacks) {
          const one = await cost(stack, proxy, command);
          costs.set(way, [...(costs.get(way) ?? []), one]);
          say(
            `${command}, ${way}: ${one.seconds.toFixed(1)} s, ${one.cpuSeconds.toFixed(1)} s of processor, ${one.programMiB.toFixed(0)} MiB, ${one.requests} requests`,
          );
        }
      const plain = middle(costs.get("plain") ?? []);
      const long = middle(costs.get("long") ?? []);
      for (const way of ["seedStack", "seeded"] as const)
        rows.push(...rowsOf(`${count} droplets, ${way}`, command, middle(costs.get(way) ?? []), plain, long));
    }
    return rows;
  },
};
