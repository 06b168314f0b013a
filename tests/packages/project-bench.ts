/** A project of its own, with the installed package, on a workbench's engine and API. */
import { delimiter, join } from "node:path";
import { engineBin } from "../engine/engine.ts";
import { type FakeMint, startFakeMint } from "../engine/fake-mint.ts";
import { type Ran, Workbench } from "../engine/workbench.ts";

export class ProjectBench implements AsyncDisposable {
  readonly bench: Workbench;
  readonly mint: FakeMint;
  /** The project's folder. */
  readonly dir: string;

  private constructor(bench: Workbench, mint: FakeMint) {
    this.bench = bench;
    this.mint = mint;
    this.dir = join(bench.dir, "new-project");
  }

  /**
   * @param make writes the project into its folder
   * @param nodeBin folder of another `node` than the workspace's
   */
  static async open(make: (dir: string) => void, nodeBin?: string): Promise<ProjectBench> {
    const bench = await Workbench.open();
    const opened = new ProjectBench(bench, await startFakeMint(join(bench.dir, "mint.sock")));
    make(opened.dir);
    const path = [await engineBin(), nodeBin, "/usr/local/bin", "/usr/bin", "/bin"];
    if (nodeBin !== undefined) bench.moreEnv["PATH"] = path.join(delimiter);
    await opened.must("stack", "init", "test");
    await opened.must("config", "set", "bootseed:host", opened.mint.url);
    return opened;
  }

  run(...args: string[]): Promise<Ran> {
    return this.bench.run("--cwd", this.dir, ...args);
  }

  must(...args: string[]): Promise<string> {
    return this.bench.must("--cwd", this.dir, ...args);
  }

  /** What API and mint are asked is counted from here. */
  up(...args: string[]): Promise<Ran> {
    for (const list of [this.mint.calls, this.bench.api.calls, this.bench.api.posted]) list.length = 0;
    return this.run("up", "--yes", "--skip-preview", ...args);
  }

  /** `up` that has to succeed. */
  async mustUp(...args: string[]): Promise<string> {
    const { ok, output } = await this.up(...args);
    if (!ok) throw new Error(`pulumi up failed:\n${output}`);
    return output;
  }

  /** How many seeds were reserved since; in how many requests is a matter of time. */
  get reserved(): number {
    return this.#asked("reserve").reduce((sum, count) => sum + Number(count), 0);
  }

  /** Names of the droplets whose seed was committed since, sorted. */
  get committed(): string[] {
    return this.#asked("commit").toSorted();
  }

  #asked(verb: string): string[] {
    return this.mint.calls.flatMap((call) => (call.startsWith(`${verb} `) ? [call.slice(verb.length + 1)] : []));
  }

  async output(name: string): Promise<unknown> {
    return JSON.parse(await this.must("stack", "output", name, "--json"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mint.close();
    await this.bench.close();
  }
}
