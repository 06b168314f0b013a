/** A host's process that is killed while VMs talk to it, and what must hold after every restart. */
import { expect } from "vitest";
import { Random } from "../simulation/random.ts";
import { HostProcess } from "../loopback/host-process.ts";
import { Books } from "./books.ts";
import { ACTION, Fault, FILES } from "./fault.ts";
import { Vm } from "./vm.ts";

/** VMs at once: deliveries share commits. */
const CROWD = 4;

export class HostDrill implements AsyncDisposable {
  readonly host: HostProcess;
  readonly fault: Fault;
  readonly books: Books = new Books();
  /** Slowest restart until it answered, milliseconds. */
  slowestRestartMs = 0;
  restarts = 0;
  /** For the host, beside the fault's. */
  readonly env: Record<string, string> = {};
  #vms = 0;

  private constructor(host: HostProcess, behind: readonly string[]) {
    this.host = host;
    this.fault = new Fault(host.stateDir, behind);
  }

  /** @param behind libraries that are preloaded as well @param stateDir on a disk of its own */
  static async start(
    behind: readonly string[] = [],
    stateDir?: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<HostDrill> {
    const drill = new HostDrill(await HostProcess.make(undefined, undefined, stateDir), behind);
    Object.assign(drill.env, env);
    await drill.restart();
    return drill;
  }

  async restart(): Promise<void> {
    const begun = performance.now();
    this.fault.disarm();
    await this.host.start({ env: { ...this.fault.env, ...this.env } });
    this.slowestRestartMs = Math.max(this.slowestRestartMs, performance.now() - begun);
    this.restarts++;
  }

  crowd(size: number = CROWD): Vm[] {
    return Array.from({ length: size }, () => new Vm(`vm-${++this.#vms}`, this.host, this.books));
  }

  /** @returns duration of one crowd's work, milliseconds */
  async measure(): Promise<number> {
    const crowd = this.crowd();
    const begun = performance.now();
    await Promise.all(crowd.map((vm) => vm.live()));
    expect(crowd.every((vm) => vm.done)).toBe(true);
    return performance.now() - begun;
  }

  /** Kills at a random moment of a crowd's work. */
  async killAtRandom(random: Random, withinMs: number): Promise<void> {
    const crowd = this.crowd();
    const working = Promise.all(crowd.map((vm) => vm.live()));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    setTimeout(() => resolve(undefined), random.between(0, withinMs));
    await promise;
    await this.host.stop("SIGKILL");
    await working;
    await this.restart();
    await this.recovered(crowd);
  }

  /** How many calls one VM's life makes. @throws when hardly any is counted: the injector is not there */
  async count(kinds: number): Promise<number> {
    this.fault.arm({ kinds, at: 0, action: 0 });
    const [vm] = this.crowd(1);
    await vm?.live();
    const calls = this.fault.seen;
    expect(calls).toBeGreaterThan(15);
    return calls;
  }

  /** Lets the `at`-th file call of one VM's life fail. @returns statuses of the steps, or null when its life has fewer calls */
  async failAt(at: number, action: number): Promise<number[] | null> {
    const crowd = this.crowd(1);
    this.fault.arm({ kinds: FILES, at, action });
    const statuses = await Promise.all(crowd.map((vm) => vm.live()));
    const fired = this.fault.fired === 1;
    this.fault.disarm();
    if (!this.host.alive) await this.restart();
    await this.recovered(crowd);
    return fired ? statuses.flat() : null;
  }

  /** Kills before the `at`-th call of a start, with commits in the log that were never checkpointed. */
  async killStarting(at: number, kinds: number): Promise<boolean> {
    await this.host.stop("SIGKILL");
    this.fault.arm({ kinds, at, action: ACTION.kill });
    await this.host.start({ env: this.fault.env }).catch(() => undefined);
    return this.#afterwards();
  }

  /** Kills before the `at`-th call of an orderly stop. */
  async killStopping(at: number, kinds: number): Promise<boolean> {
    this.fault.arm({ kinds, at, action: ACTION.kill });
    await this.host.stop();
    return this.#afterwards();
  }

  async #afterwards(): Promise<boolean> {
    const fired = this.fault.fired === 1;
    await this.host.stop("SIGKILL");
    await this.restart();
    await this.recovered(this.crowd(1));
    return fired;
  }

  /** Kills before the `at`-th call of one VM's life. @returns whether there was such a call */
  async killAt(at: number, kinds: number): Promise<boolean> {
    const crowd = this.crowd(1);
    this.fault.arm({ kinds, at, action: ACTION.kill });
    await Promise.all(crowd.map((vm) => vm.live()));
    // What the host does after its last answer must not be struck while the books are compared.
    this.fault.end();
    const fired = this.fault.fired === 1;
    if (fired) {
      await this.host.stop("SIGKILL");
      await this.restart();
    }
    await this.recovered(crowd);
    return fired;
  }

  /** Nothing that was promised is missing, and every VM gets to its end. */
  async recovered(crowd: readonly Vm[]): Promise<void> {
    expect(await this.books.missing(this.host)).toEqual([]);
    for (const vm of crowd) {
      const statuses = await vm.live();
      expect(vm.done, `${vm.at}: ${statuses.join(" ")}\n${this.host.log.slice(-2000)}`).toBe(true);
    }
    expect(Books.reused(this.host.log)).toEqual([]);
    expect(await this.books.missing(this.host)).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.fault[Symbol.dispose]();
  }
}
