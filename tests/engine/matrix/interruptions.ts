/** A matrix whose `up` is ended, or interrupted, while one of its requests waits: a proxy stops those to the host, the mock cloud its own. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killSession, send } from "../../testing/session.ts";
import type { Ran } from "../workbench.ts";
import { MatrixBench } from "./matrix-bench.ts";
import { PausingProxy } from "./pausing-proxy.ts";
import { type Stop, Stops } from "./stops.ts";

/** The requests of a run. */
export const RESERVE: RegExp = /^POST \/v1\/reservations$/;
export const COMMIT: RegExp = /^POST \/v1\/reservations\/[0-9a-f]+\/commit$/;
export const CREATE: RegExp = /^POST \/v2\/droplets$/;
export const CREATED: RegExp = /^POST \/v1\/created$/;

const UP = ["up", "--yes", "--skip-preview"];
/** Between two signals; the engine may be busy with the first. */
const AGAIN_MS = 200;

export class Interruptions implements AsyncDisposable {
  readonly matrix: MatrixBench;
  readonly stops: Stops = new Stops();
  #proxy: PausingProxy | undefined;

  private constructor(matrix: MatrixBench) {
    this.matrix = matrix;
    matrix.bench.api.pass = (side, call) => this.stops.pass(side, call);
  }

  /** With one SeededDroplet, `web`, that no run has made yet. */
  static async open(): Promise<Interruptions> {
    const matrix = await MatrixBench.open();
    const made = new Interruptions(matrix);
    const path = join(matrix.bench.dir, "pausing.sock");
    made.#proxy = await PausingProxy.open(path, matrix.host.mintSocket, made.stops);
    await matrix.set({ host: `unix://${path}` });
    await matrix.declare({ name: "web" });
    return made;
  }

  /** Runs `up` until it waits there. */
  async upTo(stop: Stop, ...args: string[]): Promise<{ pid: number; ran: Promise<Ran> }> {
    const reached = this.stops.arm(stop);
    const started = this.matrix.bench.start(...UP, ...args);
    const ended = started.ran.then(({ output }) => {
      throw new Error(`up ended before ${stop.side} ${stop.call}:\n${output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([reached, ended]);
    return started;
  }

  /** kill -9 of engine, language host, program and provider, while they wait there; what waits is never answered. */
  async kill(stop: Stop, ...args: string[]): Promise<void> {
    const { pid, ran } = await this.upTo(stop, ...args);
    killSession(pid);
    await ran;
    this.stops.drop();
  }

  /** ^C while it waits there; then what waits goes on, and so does the engine as far as it wants to. The host is told nothing any more. */
  async interruptOnce(stop: Stop): Promise<string> {
    const { pid, ran } = await this.upTo(stop);
    send(pid, "SIGINT");
    this.stops.goOn();
    void this.stops.arm({ side: "before", call: CREATED });
    const { output } = await ran;
    this.stops.drop();
    return output;
  }

  /** ^C while the program waits there; it is never answered, and the engine ends by itself. */
  async interruptInHook(stop: Stop): Promise<string> {
    const { pid, ran } = await this.upTo(stop);
    send(pid, "SIGINT");
    const { output } = await ran;
    this.stops.drop();
    return output;
  }

  /** ^C again and again while it waits there, until the engine ends. */
  async interruptTwice(stop: Stop): Promise<string> {
    const { pid, ran } = await this.upTo(stop);
    const ended = ran.then(({ output }) => output);
    for (;;) {
      send(pid, "SIGINT");
      const output = await Promise.race([ended, sleep(AGAIN_MS, undefined)]);
      if (output === undefined) continue;
      this.stops.drop();
      return output;
    }
  }

  /** What the user does next: `pulumi cancel`, since the lock is still there; then what is said, then `up`. */
  async recover(...refresh: string[]): Promise<string> {
    const { bench } = this.matrix;
    await bench.must("cancel", "--yes");
    if (refresh.length > 0) await bench.must("refresh", "--yes", "--skip-preview", ...refresh);
    return bench.mustUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stops.drop();
    await this.#proxy?.[Symbol.asyncDispose]();
    await this.matrix[Symbol.asyncDispose]();
  }
}
