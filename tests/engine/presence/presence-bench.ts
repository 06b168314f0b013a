/** One stack whose droplets come, go and change their names, at a real host; the shipped kit is the guest. */
import { execa } from "execa";
import { join } from "node:path";
import type { Vm } from "@bootseed/protocol";
import { HostProcess } from "../../loopback/host-process.ts";
import { ROOT } from "../engine.ts";
import { type KitVm, KitVms } from "../kit-vms.ts";
import { PausingProxy } from "../matrix/pausing-proxy.ts";
import { Stops } from "../matrix/stops.ts";
import { Workbench } from "../workbench.ts";

export type Way = "seedStack" | "SeededDroplet";

export class PresenceBench implements AsyncDisposable {
  readonly bench: Workbench;
  readonly host: HostProcess;
  readonly machines: KitVms = new KitVms();
  readonly #proxy: PausingProxy;

  private constructor(bench: Workbench, host: HostProcess, proxy: PausingProxy) {
    this.bench = bench;
    this.host = host;
    this.#proxy = proxy;
    bench.api.onCreate = this.machines.boot;
  }

  static async open(way: Way): Promise<PresenceBench> {
    const host = await HostProcess.make();
    await host.start();
    const path = join(host.dir, "counted.sock");
    const proxy = await PausingProxy.open(path, host.mintSocket, new Stops());
    const bench = await Workbench.open("tests/engine/programs/presence.ts");
    await bench.must("config", "set", "bootseed:host", `unix://${path}`);
    await bench.must("config", "set", "bootseed:way", way);
    return new PresenceBench(bench, host, proxy);
  }

  /** What the program has from now on; `name=old` was called `old`. */
  async want(...names: string[]): Promise<void> {
    const wanted = names.map((word) => {
      const [name, was] = word.split("=");
      return { name, ...(was === undefined ? {} : { was }) };
    });
    await this.bench.must("config", "set", "bootseed:wanted", JSON.stringify(wanted));
  }

  /** What the host is asked and told since the last time. */
  calls(): string[] {
    return this.#proxy.calls.splice(0);
  }

  /** `up` of new droplets, until each has reported. @returns them in the order of creation */
  async make(...names: string[]): Promise<KitVm[]> {
    await this.want(...names);
    await this.bench.mustUp();
    const vms = await Promise.all(this.machines.boots);
    this.calls();
    return vms;
  }

  /** `org/project/stack`, as the host is to know it now. */
  async stack(): Promise<string> {
    const name = (await this.bench.must("stack", "--show-name")).trim().split("/").at(-1) ?? "";
    return ((await this.host.vms())[0]?.stack ?? "").replace(/[^/]+$/, name);
  }

  /** The program, as people call it. */
  async bootseed(command: string, ...more: string[]): Promise<{ code: number; out: string }> {
    const where = ["--stack", await this.stack(), "--host", `unix://${this.host.mintSocket}`];
    const args = [`${ROOT}/seeder/cli/main.ts`, command, ...where, ...more];
    const { exitCode, stdout } = await execa("node", args, { preferLocal: true, reject: false });
    return { code: exitCode ?? -1, out: stdout };
  }

  /** Live VMs of the host, by name of the droplet. */
  async live(): Promise<Record<string, Pick<Vm, "instanceId" | "urn" | "stack">>> {
    const there = (await this.host.vms()).filter((vm) => vm.goneAt === null);
    return Object.fromEntries(there.map(({ name, instanceId, urn, stack }) => [name, { instanceId, urn, stack }]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machines[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
    await this.bench.close();
  }
}

/** As `known_hosts` has it. */
export const linesOf = ({ droplet, hostKeys }: KitVm): string =>
  hostKeys.map((key) => `${droplet.address} ${key.split(" ").slice(0, 2).join(" ")}\n`).join("");
