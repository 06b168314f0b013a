/** Commands that look at a host of 3,000 VMs: how long an operator or a login by ssh waits, and what goes over the wire. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { MintClient } from "../seeder/mint-client/client.ts";
import { addressOf, FleetHost, STACK } from "../tests/loopback/fleet/fleet-host.ts";
import type { Bench } from "./bench.ts";
import { atMost, type Row } from "./row.ts";
import { median } from "./stats.ts";

const COUNT = 3_000;
const MAIN = join(import.meta.dirname, "../seeder/cli/main.ts");
/** `bootseed wait` asks every two seconds. */
const LOOKS_IN_THREE_MINUTES = 90;
const MEGABYTE = 1_000_000;

/** Seconds of one run, from the start of its process. @throws Error where it fails */
function secondsOf(url: string, args: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...process.env, BOOTSEED_HOST: url },
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`bootseed ${args.join(" ")} ended with ${status}: ${stderr}`);
  return (performance.now() - began) / 1000;
}

function timed(url: string, args: readonly string[], rounds: number, most: number): Row {
  const seconds = median(Array.from({ length: rounds }, () => secondsOf(url, args)));
  const what = `bootseed ${args
    .slice(0, 2)
    .join(" ")
    .replace(/[\d.]+$/, "ADDRESS")}, ${COUNT} VMs`;
  return { what, value: seconds, unit: "s", goal: atMost(seconds, most, `≤ ${most} s`) };
}

export const lists: Bench = {
  name: "lists",
  what: `known-hosts, vm ls and wait at a host of ${COUNT} VMs`,
  async run({ quick, say }) {
    await using fleet = await FleetHost.start(COUNT, 1);
    // Not by the counting socket: its proxy is this process, which waits for the command.
    const direct = `unix://${fleet.host.mintSocket}`;
    const rounds = quick ? 3 : 11;
    const empty = timed(direct, ["--version"], rounds, 0.5);
    say(`bootseed --version: ${empty.value.toFixed(2)} s`);
    const look = new MintClient(fleet.url).watch({ stack: STACK });
    const waited = await fleet.counted(async () => {
      for (let i = 0; i <= LOOKS_IN_THREE_MINUTES; i++) await look();
    });
    const one = await fleet.counted(async () => new MintClient(fleet.url).vms({ hosts: [addressOf(COUNT / 2)] }));
    return [
      {
        ...timed(direct, ["known-hosts", addressOf(COUNT / 2)], rounds, 0.5),
        against: { what: "--version", value: empty.value },
      },
      { what: `the same: bytes over the wire`, value: one, unit: "B" },
      timed(direct, ["vm", "ls"], rounds, 1),
      {
        what: `bootseed wait, ${COUNT} VMs, three minutes without a change`,
        value: waited / MEGABYTE,
        unit: "MB",
        goal: atMost(waited, MEGABYTE, "≤ 1 MB"),
      },
    ];
  },
};
