/** The push schedule of 1,000,000 VMs: picking who is due and recording what came of it, in a process of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { fill } from "./fleet.ts";
import { atMost } from "./row.ts";
import { INTERVAL_SECONDS, type ScheduleResult } from "./schedule/run.ts";

const NOW = 1_800_000_000;
const VMS = 1_000_000;

export const schedule: Bench = {
  name: "schedule",
  what: "the push schedule of 1,000,000 VMs",
  async run({ quick, say }) {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-schedule-"));
    try {
      const file = join(dir, "host.db");
      const count = quick ? VMS / 10 : VMS;
      fill(file, { count, identityPk: new Uint8Array(32), now: NOW, spreadSeconds: INTERVAL_SECONDS, port: 7444 });
      say(`${count} VMs in ${file}`);
      const seconds = quick ? 300 : 1800;
      const program = join(import.meta.dirname, "schedule/main.ts");
      const child = spawnSync(process.execPath, [program, file, String(NOW), String(seconds)], { encoding: "utf8" });
      if (child.status !== 0) throw new Error(`the schedule ended with ${child.status}: ${child.stderr}`);
      const result = JSON.parse(child.stdout) as ScheduleResult;
      const due = (count * seconds) / INTERVAL_SECONDS;
      if (Math.abs(result.delivered / due - 1) > 0.02)
        throw new Error(`expected about ${due} deliveries, got ${result.delivered}: nothing was measured`);
      const note = `${result.delivered} deliveries in ${seconds} simulated seconds, one tick and one durable commit each second; without cryptography and connections`;
      const share = (result.cpuUs / 1e6 / seconds) * 100;
      return [
        { what: `${count} VMs every 6 h`, value: share, unit: "% of a core", goal: atMost(share, 2, "≤ 2 %"), note },
        {
          what: `${count} VMs every 6 h, memory`,
          value: result.maxRssKib / 1024,
          unit: "MiB",
          goal: atMost(result.maxRssKib / 1024, 150, "≤ 150 MiB"),
        },
      ];
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};
