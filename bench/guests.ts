/** What a top-up costs the VM: the kit and the agent as processes, beside interpreters that do nothing. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GuestProcess } from "../tests/loopback/guest-process.ts";
import { HostProcess } from "../tests/loopback/host-process.ts";
import type { Bench } from "./bench.ts";
import type { Peers } from "./peer.ts";
import { atMost, type Row } from "./row.ts";
import { median } from "./stats.ts";

const PYTHON = "/usr/bin/python3";
const KIT = join(import.meta.dirname, "../seeder/kit/kit.pyz");
const BUILD_AGENT = join(import.meta.dirname, "../guest-agent/agent/build.ts");

type Cost = { readonly cpuMs: number; readonly rssMiB: number };
type Runner = (command: readonly string[], evict?: readonly string[]) => Cost;

/** @param program of peer/run.c @param dir for its results */
function runner(program: string, dir: string): Runner {
  return (command, evict = []) => {
    const result = join(dir, "usage");
    const args = [result, ...evict.flatMap((file) => ["--evict", file]), "--", ...command];
    execFileSync(program, args, { stdio: ["ignore", "ignore", "ignore"] });
    const [cpuUs = Number.NaN, rssKib = Number.NaN, status] = readFileSync(result, "utf8").split(" ").map(Number);
    if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}`);
    return { cpuMs: cpuUs / 1000, rssMiB: rssKib / 1024 };
  };
}

export const kit: Bench = {
  name: "kit",
  what: "a top-up by the kit in user-data: processor time and memory",
  async run({ peers, quick }) {
    return withHost(peers, async (host, run) => {
      const costs = new Costs();
      for (let round = 0; round < (quick ? 3 : 9); round++) {
        using vm = await enrolled(host, round);
        costs.add("python", run([PYTHON, "-I", "-c", "pass"]));
        costs.add("kit", run([PYTHON, "-I", KIT, "topup", "now", "--root", vm.root]));
        requireCounter(vm, 1);
      }
      return costs.rows("kit", "python", 150, 30);
    });
  },
};

export const agent: Bench = {
  name: "agent",
  what: "a top-up by the agent, warm and cold: processor time and memory",
  async run({ peers, quick }) {
    return withHost(peers, async (host, run, dir) => {
      // A copy of its own: nobody else runs it, so its pages can leave the cache.
      const node = join(dir, "node");
      copyFileSync(process.execPath, node);
      execFileSync(process.execPath, [BUILD_AGENT, "--out", dir], { stdio: ["ignore", "ignore", "pipe"] });
      const bundle = join(dir, "bootseed-agent.mjs");
      const topup = [bundle, "topup", "--now", "--root"];
      const costs = new Costs();
      for (let round = 0; round < (quick ? 3 : 9); round++) {
        using vm = await enrolled(host, round);
        costs.add("node", run([process.execPath, "-e", "0"]));
        costs.add("agent", run([process.execPath, ...topup, vm.root]));
        costs.add("node, cold", run([node, "-e", "0"], [node]));
        costs.add("agent, cold", run([node, ...topup, vm.root], [node, bundle]));
        requireCounter(vm, 2);
      }
      return [...costs.rows("agent", "node", 40, 50), ...costs.rows("agent, cold", "node, cold", 120, 50)];
    });
  },
};

async function withHost(
  peers: Peers,
  work: (host: HostProcess, run: Runner, dir: string) => Promise<Row[]>,
): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-guests-"));
  try {
    await using host = await HostProcess.make();
    await host.start();
    return await work(host, runner(peers.build("run", ["run.c"]), dir), dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A VM with its own seed, claimed. */
async function enrolled(host: HostProcess, number: number): Promise<GuestProcess> {
  const seed = await host.mint(`web-${number}`);
  const guest = new GuestProcess(`47${number}`, seed.file);
  await host.created(seed, guest.instanceId);
  const { output } = await guest.kit("hook");
  if (!output.includes("/v1/claims 200")) throw new Error(`the claim failed: ${output}`);
  return guest;
}

function requireCounter(vm: GuestProcess, expected: number): void {
  const counter = Number(vm.state("counter")?.readBigUInt64BE() ?? 0n);
  if (counter !== expected) throw new Error(`expected ${expected} packets, got ${counter}: nothing was measured`);
}

/** What the runs of several rounds cost, by name. */
class Costs {
  readonly #costs = new Map<string, Cost[]>();

  add(name: string, cost: Cost): void {
    this.#costs.set(name, [...(this.#costs.get(name) ?? []), cost]);
  }

  /** A program's rows, beside its interpreter with nothing to do. @param cpuMs goal @param rssMiB goal */
  rows(name: string, empty: string, cpuMs: number, rssMiB: number): Row[] {
    const [cost, least] = [this.#median(name), this.#median(empty)];
    const against = (value: number): Partial<Row> => ({ against: { what: `empty ${empty}`, value } });
    const cpu = { ...against(least.cpuMs), goal: atMost(cost.cpuMs, cpuMs, `≤ ${cpuMs} ms`) };
    const rss = { ...against(least.rssMiB), goal: atMost(cost.rssMiB, rssMiB, `≤ ${rssMiB} MiB`) };
    return [
      { what: `${name}: top-up`, value: cost.cpuMs, unit: "ms CPU", ...cpu },
      { what: `${name}: top-up, memory`, value: cost.rssMiB, unit: "MiB", ...rss },
    ];
  }

  #median(name: string): Cost {
    const list = this.#costs.get(name) ?? [];
    return { cpuMs: median(list.map(({ cpuMs }) => cpuMs)), rssMiB: median(list.map(({ rssMiB }) => rssMiB)) };
  }
}
