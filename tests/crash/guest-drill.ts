/** A guest's program (kit or agent) that is killed or meets a failing disk, against the real service. */
import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { GuestProcess, killGroup, type Ran } from "../loopback/guest-process.ts";
import type { Random } from "../simulation/random.ts";
import type { MintedSeed } from "../loopback/host-process.ts";
import type { ClockedHost } from "./clocked-host.ts";
import { ACTION, type Arm, CALL, type Call, EVERYTHING, Fault } from "./fault.ts";
import { inspectState, type StateOnDisk } from "./guest-state.ts";
import { FAKETIME, FakedClock } from "./faketime.ts";
import { mixes } from "./kernel-log.ts";
import { kitHook, type Program } from "./kit-program.ts";
import { GUEST_STATE, unsynced } from "./unsynced.ts";

let vms = 0;

export class GuestDrill implements Disposable {
  readonly guest: GuestProcess;
  readonly fault: Fault;
  readonly #host: ClockedHost;
  readonly #program: Program;
  readonly #seed: MintedSeed;
  readonly keep: string;
  /** Counters whose chunk was mixed, in order. */
  readonly accepted: number[] = [];
  /** What was credited: the pool, once. */
  readonly credited: string[] = [];

  private constructor(host: ClockedHost, program: Program, seed: MintedSeed, instanceId: string, root?: string) {
    this.#host = host;
    this.#program = program;
    this.#seed = seed;
    this.guest = new GuestProcess(instanceId, seed.file, root);
    this.keep = join(this.guest.root, "var/lib/bootseed");
    this.fault = new Fault(this.keep);
  }

  /** A VM with its seed in place, before its first boot. @param root its disk, removed afterwards */
  static async unseeded(host: ClockedHost, program: Program, root?: string): Promise<GuestDrill> {
    const name = `guest-${++vms}`;
    const seed = await host.desk.mint(name);
    await host.desk.created(seed, `id-${name}`);
    return new GuestDrill(host, program, seed, `id-${name}`, root);
  }

  /** A VM that is enrolled. */
  static async enrolled(host: ClockedHost, program: Program, root?: string): Promise<GuestDrill> {
    const drill = await GuestDrill.unseeded(host, program, root);
    const { output } = await drill.boot();
    expect(drill.guest.state("certificate")?.length, output).toBe(165);
    return drill;
  }

  /** The first boot's hook, or the same at another boot: cloud-init lays the seed out again. */
  async boot(arm?: Arm): Promise<Ran> {
    this.guest.reboot();
    this.guest.write("/run/bootseed/seed", this.#seed.file);
    return this.#run(kitHook(this.guest.root), arm);
  }

  /** One run by the timer, on a machine whose clock is off by so many seconds. */
  async timer(offSeconds: number): Promise<Ran> {
    this.#host.nextPacket();
    using faked = new Fault(this.keep, [FAKETIME]);
    using clock = new FakedClock(offSeconds);
    const env = { ...faked.env, ...clock.env };
    const ran = await this.guest.run(this.#program.timer(this.guest.root), { env });
    this.#note(faked.calls());
    const counter = join(this.keep, this.folder, "counter");
    // Its time as a kernel with this clock would have stamped it.
    if (faked.calls().some(({ name, detail }) => name === "rename" && detail.endsWith(counter))) {
      const at = Date.now() / 1000 + offSeconds;
      utimesSync(counter, at, at);
    }
    return ran;
  }

  /** One run by hand, the quota allowing it. */
  async topUp(arm?: Arm, killAfterMs?: number): Promise<Ran> {
    this.#host.nextPacket();
    return this.#run(this.#program.topUp(this.guest.root), arm, killAfterMs);
  }

  /** @returns duration of an undisturbed run, milliseconds */
  async measure(): Promise<number> {
    const begun = performance.now();
    const { code, output } = await this.topUp();
    expect(code, output).toBe(0);
    return performance.now() - begun;
  }

  /** @returns whether it was killed before its end */
  async killAtRandom(random: Random, withinMs: number): Promise<boolean> {
    const { code } = await this.topUp(undefined, random.between(0, withinMs));
    await this.recovered();
    return code !== 0;
  }

  /** How many calls a good run makes. @throws when nothing is counted: the injector is not there */
  async count(run: () => Promise<Ran>): Promise<number> {
    const { code, output } = await run();
    expect(code, output).toBe(0);
    expect(this.fault.seen).toBeGreaterThan(4);
    return this.fault.seen;
  }

  get state(): StateOnDisk {
    return existsSync(this.keep) ? inspectState(this.keep) : { torn: [], leftovers: [] };
  }

  /** After any crash: no torn file, the next run tops up, and nothing lies about any more. */
  async recovered(): Promise<void> {
    expect(this.state.torn).toEqual([]);
    const before = this.accepted.length;
    const { code, output } = await this.topUp();
    expect(code, output).toBe(0);
    expect(this.accepted.length).toBe(before + 1);
    expect(this.state).toEqual({ torn: [], leftovers: [] });
    expect(this.guest.exists(`/var/lib/bootseed/${this.folder}/claim`), "a claim beside its certificate").toBe(false);
  }

  /**
   * Top-ups while one sync in five fails. Not by libfiu: in a program with threads, a child between fork and exec may
   * wait for its lock for ever.
   * @returns syncs that failed, and runs that said so
   */
  async syncsFail(runs: number, random: Random): Promise<{ failures: number; refused: number }> {
    let [failures, refused] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const before = this.accepted.length;
      const bits = Array.from({ length: 32 }, (_, bit) => (random.chance(0.2) ? 1 << bit : 0));
      const mask = bits.reduce((sum, bit) => sum | bit, 0) >>> 0;
      const { code, output } = await this.topUp({ kinds: CALL.sync, at: 0, action: ACTION.EIO, mask });
      expect(unsynced(this.fault.calls(), ["mix"], GUEST_STATE), output).toEqual([]);
      if (this.accepted.length === before) expect(code, output).not.toBe(0);
      expect(this.state.torn).toEqual([]);
      failures += this.fault.fired;
      if (code !== 0) refused++;
    }
    await this.recovered();
    return { failures, refused };
  }

  /** Name of the one host's folder. */
  get folder(): string {
    return readdirSync(this.keep).find((entry) => /^[0-9a-f]{16}$/.test(entry)) ?? "none";
  }

  /** Lets the `at`-th call fail. Nothing is mixed on a counter that is not durable; the next run tops up. */
  async failAt(at: number, kinds: number, action: number): Promise<void> {
    const before = this.accepted.length;
    const { code, output } = await this.topUp({ kinds, at, action });
    expect(this.fault.fired, `call ${at} was never made`).toBe(1);
    expect(unsynced(this.fault.calls(), ["mix"], GUEST_STATE)).toEqual([]);
    if (this.accepted.length === before) expect(code, output).not.toBe(0);
    expect(this.#host.receipts).toBeLessThanOrEqual(this.#host.packets);
    await this.recovered();
  }

  async #run(
    argv: readonly string[],
    arm: Arm = { kinds: EVERYTHING, at: 0, action: 0 },
    killAfterMs?: number,
  ): Promise<Ran> {
    this.fault.forget();
    this.fault.arm(arm);
    let timer: NodeJS.Timeout | undefined;
    const ran = await this.guest.run(argv, { env: this.fault.env }, (child) => {
      if (killAfterMs !== undefined) timer = setTimeout(() => killGroup(child), killAfterMs);
    });
    clearTimeout(timer);
    this.#note(this.fault.calls());
    return ran;
  }

  /** Nothing is accepted twice, and no seed is credited twice. */
  #note(calls: readonly Call[]): void {
    for (const { credit, data, counter } of mixes(calls)) {
      if (credit !== 0) {
        this.credited.push(data);
        expect(this.credited.length, "a seed was credited twice").toBe(1);
      }
      if (counter === null) continue;
      expect(counter, "a counter was accepted twice").toBeGreaterThan(this.accepted.at(-1) ?? 0);
      this.accepted.push(counter);
    }
  }

  [Symbol.dispose](): void {
    this.guest[Symbol.dispose]();
    this.fault[Symbol.dispose]();
  }
}
