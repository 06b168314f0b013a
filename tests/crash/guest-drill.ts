/** A guest's program (kit or agent) that is killed or meets a failing disk, against the real service. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { GuestProcess, type Ran } from "../loopback/guest-process.ts";
import type { Random } from "../simulation/random.ts";
import type { MintedSeed } from "../loopback/host-process.ts";
import type { ClockedHost } from "./clocked-host.ts";
import { type Arm, type Call, EVERYTHING, Fault } from "./fault.ts";
import { inspectState, type StateOnDisk } from "./guest-state.ts";
import { mixes } from "./kernel-log.ts";

/** What tops this VM up; the first boot is always the kit's. */
export type Program = { readonly name: string; readonly topUp: (root: string) => readonly string[] };

const KIT = join(import.meta.dirname, "../../seeder/kit/kit.pyz");
const python = (root: string, verb: string): string[] => ["/usr/bin/python3", "-I", KIT, verb, "--root", root];

export const KIT_PROGRAM: Program = { name: "kit", topUp: (root) => python(root, "topup") };

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

  private constructor(host: ClockedHost, program: Program, seed: MintedSeed, instanceId: string) {
    this.#host = host;
    this.#program = program;
    this.#seed = seed;
    this.guest = new GuestProcess(instanceId, seed.file);
    this.keep = join(this.guest.root, "var/lib/bootseed");
    this.fault = new Fault(this.keep);
  }

  /** A VM with its seed in place, before its first boot. */
  static async unseeded(host: ClockedHost, program: Program): Promise<GuestDrill> {
    const name = `guest-${++vms}`;
    const seed = await host.desk.mint(name);
    await host.desk.created(seed, `id-${name}`);
    return new GuestDrill(host, program, seed, `id-${name}`);
  }

  /** A VM that is enrolled. */
  static async enrolled(host: ClockedHost, program: Program): Promise<GuestDrill> {
    const drill = await GuestDrill.unseeded(host, program);
    const { output } = await drill.boot();
    expect(drill.guest.state("certificate")?.length, output).toBe(165);
    return drill;
  }

  /** The first boot's hook, or the same at another boot: cloud-init lays the seed out again. */
  async boot(arm?: Arm): Promise<Ran> {
    this.guest.reboot();
    this.guest.write("/run/bootseed/seed", this.#seed.file);
    return this.#run(python(this.guest.root, "hook"), arm);
  }

  async claim(): Promise<Ran> {
    return this.#run(python(this.guest.root, "claim"));
  }

  /** One run of the timer's command, an interval after the last one. */
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

  async killAtRandom(random: Random, withinMs: number): Promise<void> {
    await this.topUp(undefined, random.between(0, withinMs));
    await this.recovered();
  }

  /** How many calls a good run makes. @throws when nothing is counted: the injector is not there */
  async count(run: () => Promise<Ran>): Promise<readonly Call[]> {
    const { code, output } = await run();
    expect(code, output).toBe(0);
    const calls = this.fault.calls();
    expect(calls.length).toBeGreaterThan(10);
    expect(this.fault.seen).toBe(calls.length);
    return calls;
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
      if (killAfterMs === undefined) return;
      const group = -(child.pid ?? 0);
      timer = setTimeout(() => process.kill(group, "SIGKILL"), killAfterMs);
    });
    clearTimeout(timer);
    this.#note();
    return ran;
  }

  /** Nothing is accepted twice, and no seed is credited twice. */
  #note(): void {
    for (const { credit, data, counter } of mixes(this.fault.calls())) {
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
