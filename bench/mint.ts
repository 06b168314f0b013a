/** Mint through the socket of a real `bootseed-host serve`, and the memory of one that has nothing to do. */
import { reservationsAnswerSchema } from "@bootseed/protocol";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MintClient } from "../hwrng-host/mint/client.ts";
import { HostProcess } from "../tests/loopback/host-process.ts";
import type { Bench } from "./bench.ts";
import { atMost } from "./row.ts";
import { quantile } from "./stats.ts";

const MAIN = join(import.meta.dirname, "../hwrng-host/main.ts");
const MANY = 3000;

export const mint: Bench = {
  name: "mint",
  what: "reservations through the mint socket; memory of an idle host",
  async run({ quick, say }) {
    await using files = await HostProcess.make();
    const serve = ["serve", "--config", join(files.dir, "host.yaml")];
    const host = spawn(process.execPath, [MAIN, ...serve], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      for await (const line of createInterface({ input: host.stdout })) if (line.includes('"ready"')) break;
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const idleMiB = rssMiB(host.pid ?? 0);
      const client = new MintClient(join(files.dir, "mint.sock"));
      const reserve = async (urns: readonly string[]): Promise<number> => {
        const began = performance.now();
        const wanted = { stack: "org/project/stack", urns };
        const answer = await client.post("/v1/reservations", wanted, reservationsAnswerSchema);
        const ms = performance.now() - began;
        if (answer.reservations.length !== urns.length) throw new Error("not all reservations came");
        return ms;
      };
      const times: number[] = [];
      for (let i = 0; i < 50; i++) await reserve(["urn:warm-up"]);
      for (let i = 0; i < (quick ? 200 : 1000); i++) times.push(await reserve([`urn:${i}`]));
      const many = await reserve(Array.from({ length: MANY }, (_, i) => `urn:${i}`));
      say(`${times.length + MANY} reservations`);
      const p99 = quantile(times, 0.99);
      return [
        {
          what: "mint: one reservation, p99",
          value: p99,
          unit: "ms",
          goal: atMost(p99, 25, "≤ 25 ms"),
          note: "by the clock, one after the other; the source is the system's generator, which never runs dry",
        },
        { what: `mint: ${MANY} reservations in one request`, value: many, unit: "ms" },
        { what: "host, idle: memory", value: idleMiB, unit: "MiB", goal: atMost(idleMiB, 80, "≤ 80 MiB") },
        { what: `host, after ${MANY} reservations: memory`, value: rssMiB(host.pid ?? 0), unit: "MiB" },
      ];
    } finally {
      const exit = once(host, "exit");
      host.kill("SIGKILL");
      await exit;
    }
  },
};

function rssMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match === null) throw new Error(`expected VmRSS in /proc/${pid}/status`);
  return Number(match[1]) / 1024;
}
