/** A VM that takes deliveries by `tcp`: the agent's `listen`, as a process on its machine. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildAgent, buildHelper } from "../../guest-agent/agent/build.ts";
import { prerequisite } from "../prerequisite.ts";
import type { Vm } from "./site.ts";

export const PUSH_PORT = 7444;

export const AGENT_READY: boolean = prerequisite(
  spawnSync("gcc", ["--version"]).status === 0,
  "expected a C compiler for the agent's helper: apt-get install gcc libc6-dev",
);

/** The agent as it is installed: one file, and beside it the helper that mixes. */
export class AgentBuild implements Disposable {
  readonly #dir: string;
  readonly program: string;

  private constructor(dir: string, program: string) {
    this.#dir = dir;
    this.program = program;
  }

  static async make(): Promise<AgentBuild> {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-agent-"));
    const program = await buildAgent(dir);
    buildHelper(dir);
    return new AgentBuild(dir, program);
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

export class ListeningVm implements AsyncDisposable {
  readonly #vm: Vm;
  readonly #words: readonly string[];
  #child: ChildProcess | null = null;
  #over = false;

  private constructor(vm: Vm, words: readonly string[]) {
    this.#vm = vm;
    this.#words = words;
  }

  static async start(build: AgentBuild, vm: Vm, address: string): Promise<ListeningVm> {
    const { guest, machine } = vm;
    const listen = ["listen", "--bind", `${address}:${PUSH_PORT}`, "--root", guest.root, "--json"];
    const made = new ListeningVm(vm, [...machine.before, process.execPath, build.program, ...listen]);
    await made.#listen();
    return made;
  }

  /** Counter of the last packet it accepted; 0: none. */
  get counter(): number {
    return Number(this.#vm.guest.state("counter")?.readBigUInt64BE() ?? 0n);
  }

  /** What it refused, by reason. */
  get refused(): readonly string[] {
    const notes = this.#vm.guest.state("topup.json");
    const parsed: unknown = JSON.parse(notes?.toString() ?? "{}");
    return Object.keys(parsed ?? {}).filter((key) => key !== "last");
  }

  /** Ends by itself when nobody came for a while, and is started again: on a VM, systemd keeps the socket and does so. */
  async #listen(): Promise<void> {
    const [program = "", ...args] = this.#words;
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    child.once("exit", (code) => {
      if (code === 0 && !this.#over) void this.#listen();
    });
    const ready = Promise.withResolvers<undefined>();
    child.once("exit", () => ready.reject(new Error("the agent ended before it listened")));
    createInterface({ input: child.stdout }).once("line", () => ready.resolve(undefined));
    await ready.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
}
