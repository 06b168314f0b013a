/** Durable counters: the store's commits, one by one and shared, against bare syncs of the same disk. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../hwrng-host/store/sqlite-store.ts";
import type { SendInput, Store } from "../hwrng-host/store/store.ts";
import type { Bench } from "./bench.ts";
import { fill, seedIdOf } from "./fleet.ts";
import { atLeast, compared } from "./row.ts";
import { median } from "./stats.ts";

const NOW = 1_800_000_000;
const BATCH = 1000;
const FLEET = 10_000;

export const counters: Bench = {
  name: "counters",
  what: "durable counters, against bare fdatasync",
  async run({ peers, quick, say }) {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-counters-"));
    const rounds = quick ? 3 : 7;
    const singles = quick ? 100 : 500;
    const floorProgram = peers.build("fdatasync", ["fdatasync.c"]);
    const file = join(dir, "host.db");
    fill(file, { count: FLEET, identityPk: new Uint8Array(32), now: NOW, spreadSeconds: 1, port: 1 });
    const store = openSqliteStore(file);
    let next = 0;
    // A day later each time around: the quota allows each VM one more.
    const send = (): SendInput => {
      const now = NOW + 86_400 * Math.floor(next / FLEET);
      return { seedId: seedIdOf(next++ % FLEET), pkeHash: randomBytes(32), lastCounter: 0, now };
    };
    const rates = { floor: [] as number[], single: [] as number[], together: [] as number[], cpu: [] as number[] };
    try {
      for (let round = 0; round < rounds; round++) {
        const args = [join(dir, "floor"), String(singles)];
        rates.floor.push(Number(execFileSync(floorProgram, args, { encoding: "utf8" })));
        rates.single.push(perSecond(singles, () => requireSent(store.enrolments.recordSend(send()).sent)));
        const shared = await sharedRate(store, FLEET, send);
        rates.together.push(shared.perSecond);
        rates.cpu.push(shared.perCpuSecond);
      }
    } finally {
      store.close();
      rmSync(dir, { recursive: true, force: true });
    }
    const [floor, single, together] = [median(rates.floor), median(rates.single), median(rates.together)];
    say(`on ${dir}`);
    return [
      {
        what: "durable counters, one by one",
        value: single,
        unit: "/s",
        ...compared(single, "fdatasync", floor),
        goal: atLeast(single / floor, 0.85, "≥ 0.85 × fdatasync"),
        note: "by the clock, since a sync waits; one SQLite transaction each",
      },
      {
        what: `durable counters, ${BATCH} a commit`,
        value: together,
        unit: "/s",
        goal: atLeast(together, 100_000, "≥ 100,000 /s"),
        note: `by the clock, ${FLEET} VMs in turn: one sync for each 1,000 rows, which are scattered over the file's pages`,
      },
      {
        what: `durable counters, ${BATCH} a commit, processor`,
        value: median(rates.cpu),
        unit: "/cpu-s",
        note: "what the same would do on a disk that costs no time",
      },
    ];
  },
};

function perSecond(times: number, work: () => void): number {
  const began = performance.now();
  for (let i = 0; i < times; i++) work();
  return (times * 1000) / (performance.now() - began);
}

async function sharedRate(
  store: Store,
  times: number,
  send: () => SendInput,
): Promise<{ perSecond: number; perCpuSecond: number }> {
  const inputs = Array.from({ length: times }, send);
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (let at = 0; at < times; at += BATCH) {
    const batch = inputs.slice(at, at + BATCH);
    const leaves = batch.map(() => store.enter());
    const outcomes = batch.map(async (input) => store.together(() => store.enrolments.recordSend(input)));
    for (const { sent } of await Promise.all(outcomes)) requireSent(sent);
    for (const leave of leaves) leave();
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (times * 1000) / (performance.now() - began),
    perCpuSecond: (times * 1e6) / (user + system),
  };
}

function requireSent(sent: boolean): void {
  if (!sent) throw new Error("the store refused a counter: nothing was measured");
}
