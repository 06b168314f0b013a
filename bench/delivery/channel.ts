/** What the bench and its processes say to each other. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

/** What the host's statement says. */
export const ANNOUNCE = { advertise: ["127.0.0.1:7443"], intervalMs: 21_600_000 } as const;

/** The file in the host's folder. */
export const DATABASE = "host.db";

/** To the host: dial what is due, or just say how you are. To the guests: ask for so many deliveries, or requests. */
export type Ask = "tick" | "usage" | { readonly pull: number; readonly first: number } | { readonly empty: number };

export type Told = {
  readonly listening?: string;
  /** processor time since the process began, microseconds */
  readonly cpuUs?: number;
  /** connections by what came of them */
  readonly pushed?: Readonly<Record<string, number>>;
  readonly done?: number;
};

/** One of the programs of this folder, killed with the object. */
export class Child implements Disposable {
  readonly #child: ChildProcess;
  readonly pid: number;
  #errors = "";

  /** @param log false for a host: its log goes to nowhere, as fast as it goes there */
  constructor(program: string, args: readonly string[], log = true) {
    const stdio = ["ignore", "ignore", log ? "pipe" : "ignore", "ipc"] as const;
    this.#child = fork(join(import.meta.dirname, program), args, { stdio: [...stdio] });
    this.pid = this.#child.pid ?? 0;
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** The next message. @throws Error when the process ends instead */
  async told(): Promise<Told> {
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const ended = (code: number | null): void => reject(new Error(`a process ended with ${code}: ${this.#errors}`));
    this.#child.once("message", (message) => resolve(message as Told));
    this.#child.once("exit", ended);
    try {
      return await promise;
    } finally {
      this.#child.off("exit", ended);
    }
  }

  async ask(what: Ask): Promise<Told> {
    const answer = this.told();
    this.#child.send(what);
    return answer;
  }

  async cpuUs(): Promise<number> {
    return (await this.ask("usage")).cpuUs ?? Number.NaN;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
