/**
 * Looks at the command line and environment of every process of this machine, again and again, from a thread of its own,
 * and keeps what it saw. A process that is gone within one round (20 ms) may be missed: plant one that
 * must be seen.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Place } from "./canary-search.ts";

/** Plain JavaScript: a worker made from text knows no types. */
const LOOP = `
const { readdirSync, readFileSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
const seen = new Map();
const age = new Map();
let rounds = 0;
const look = () => {
  const pids = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));
  for (const pid of age.keys()) if (!pids.includes(pid)) age.delete(pid);
  for (const pid of pids) {
    // Between fork and exec a process looks like its parent: young ones are looked at each time, old ones now and then.
    const rounds = age.get(pid) ?? 0;
    age.set(pid, rounds + 1);
    if (rounds > 10 && rounds % 32 !== 0) continue;
    for (const file of ["cmdline", "environ"]) {
      try {
        const bytes = readFileSync("/proc/" + pid + "/" + file);
        seen.set(file + " " + bytes.toString("latin1"), { name: "/proc/" + pid + "/" + file, bytes });
      } catch {} // ended, or not ours
    }
  }
  rounds++;
};
look();
const timer = setInterval(look, 20);
parentPort.postMessage("started");
parentPort.once("message", () => {
  clearInterval(timer);
  look();
  parentPort.postMessage({ rounds, places: [...seen.values()] });
  parentPort.close();
});
`;

export interface Watched {
  /** How often all processes were looked at. */
  readonly rounds: number;
  /** Every different command line and environment. */
  readonly places: Place[];
}

export class ProcessWatch implements AsyncDisposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** @returns the watch after its first round */
  static async start(): Promise<ProcessWatch> {
    const worker = new Worker(LOOP, { eval: true });
    await once(worker, "message");
    return new ProcessWatch(worker);
  }

  /** Ends the watch. */
  async stop(): Promise<Watched> {
    const told = once(this.#worker, "message") as Promise<[Watched]>;
    this.#worker.postMessage("stop", []);
    return (await told)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
