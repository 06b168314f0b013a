/** A VM that takes deliveries by `tcp`, as a process on its machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Vm } from "./site.ts";

const TINY_GUEST = join(import.meta.dirname, "tiny-guest.ts");

export const PUSH_PORT = 7444;

export class ListeningVm implements AsyncDisposable {
  /** Counters of the packets it accepted, in order. */
  readonly accepted: number[] = [];
  readonly refused: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start({ guest, machine }: Vm, address: string): Promise<ListeningVm> {
    const words = [...machine.before, process.execPath, TINY_GUEST, guest.root, address, String(PUSH_PORT)];
    const [program = "", ...args] = words;
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    const vm = new ListeningVm(child);
    const ready = Promise.withResolvers<undefined>();
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [word, what = ""] = line.split(" ");
      if (word === "ready") ready.resolve(undefined);
      else if (word === "accepted") vm.accepted.push(Number(what));
      else vm.refused.push(what);
    });
    child.once("exit", () => ready.reject(new Error("the VM's listener ended")));
    await ready.promise;
    return vm;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
