/** A workbench with `programs/fleet.ts` and a fake mint: what each test says of its droplets, and what came of it. */
import { join } from "node:path";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { type Ran, Workbench } from "./workbench.ts";

/** One droplet of `bootseed:fleet`; `programs/fleet.ts` explains the fields. */
export interface FleetDroplet {
  name: string;
  automaticName?: boolean;
  where?: "plain" | "component" | "apply" | "seeded";
  args?: Record<string, unknown>;
  opts?: Record<string, unknown>;
  secretUserData?: string;
  addressOf?: string;
  ownHook?: "passes" | "throws";
}

export class Fleet implements AsyncDisposable {
  readonly bench: Workbench;
  readonly mint: FakeMint;

  private constructor(bench: Workbench, mint: FakeMint) {
    this.bench = bench;
    this.mint = mint;
  }

  /** @param seedStack whether the program has its one line from the start */
  static async open(seedStack: boolean, ...droplets: FleetDroplet[]): Promise<Fleet> {
    const bench = await Workbench.open("tests/engine/programs/fleet.ts");
    const fleet = new Fleet(bench, await startFakeMint(join(bench.dir, "mint.sock")));
    await fleet.set({ host: fleet.mint.url, seedStack: seedStack ? "yes" : "no" });
    await fleet.declare(...droplets);
    return fleet;
  }

  async set(values: Record<string, string>): Promise<void> {
    for (const [key, value] of Object.entries(values)) await this.bench.must("config", "set", `bootseed:${key}`, value);
  }

  declare(...droplets: FleetDroplet[]): Promise<void> {
    return this.set({ fleet: JSON.stringify(droplets) });
  }

  /** `up` with what was asked of API and mint counted from here. */
  async up(...args: string[]): Promise<Ran> {
    this.forget();
    return this.bench.up(...args);
  }

  async mustUp(...args: string[]): Promise<string> {
    this.forget();
    return this.bench.mustUp(...args);
  }

  forget(): void {
    this.mint.calls.length = 0;
    this.bench.api.calls.length = 0;
    this.bench.api.posted.length = 0;
  }

  /** user_data of the only droplet that was made since. */
  get posted(): string {
    const [only, ...more] = this.bench.api.posted;
    if (only === undefined || more.length > 0)
      throw new Error(`expected one POST, got ${this.bench.api.posted.length}`);
    return String(only["user_data"]);
  }

  /** Names of the droplets whose seed was committed since, sorted. */
  get committed(): string[] {
    return this.mint.calls.flatMap((call) => (call.startsWith("commit ") ? [call.slice(7)] : [])).toSorted();
  }

  /** How many seeds were reserved since; in how many requests is a matter of time. */
  get reserved(): number {
    return this.mint.calls
      .filter((call) => call.startsWith("reserve "))
      .reduce((sum, call) => sum + Number(call.split(" ")[1]), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mint.close();
    await this.bench.close();
  }
}
