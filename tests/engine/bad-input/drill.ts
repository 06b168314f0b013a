/**
 * A stack on the real engine and the real host, by https and a token: a test spoils one thing, sees what is refused and
 * that nothing came of it, mends it, and sees the same program pass.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Vm } from "@bootseed/protocol";
import { expect } from "vitest";
import { FAKETIME, type FakedClock } from "../../crash/faketime.ts";
import { MintingHost } from "../../loopback/minting-host.ts";
import type { FleetDroplet } from "../fleet.ts";
import { Workbench } from "../workbench.ts";
import { type Diagnostic, diagnosticsIn, errorsAmong } from "./diagnostics.ts";

/** What a test's stack is to the host. */
export const STACK = "organization/bootseed/test";

export class Drill implements AsyncDisposable {
  readonly host: MintingHost;
  readonly bench: Workbench;
  readonly #clock: FakedClock | undefined;

  private constructor(host: MintingHost, bench: Workbench, clock: FakedClock | undefined) {
    this.host = host;
    this.bench = bench;
    this.#clock = clock;
  }

  /** @param clock the host's own, where a test moves it; the program's stays true */
  static async start(clock?: FakedClock): Promise<Drill> {
    const bench = await Workbench.open("tests/engine/programs/fleet.ts");
    const drill = new Drill(await MintingHost.make(), bench, clock);
    drill.bench.moreEnv["PULUMI_DEBUG_COMMANDS"] = "true"; // for --event-log
    await drill.serve();
    await drill.bench.must("config", "set", "bootseed:seedStack", "yes");
    await drill.use(drill.host.url());
    await drill.token("any", "--stacks", "**");
    return drill;
  }

  serve(): Promise<void> {
    const clock = this.#clock;
    const env = clock === undefined ? undefined : { ...clock.env, LD_PRELOAD: FAKETIME };
    return this.host.service.start(env === undefined ? undefined : { env });
  }

  /** The program asks this mint. */
  async use(url: string): Promise<void> {
    await this.bench.must("config", "set", "bootseed:host", url);
  }

  /** The program has the token of a new client of the host. */
  async token(name: string, ...options: string[]): Promise<void> {
    await this.bench.setSecret("token", readFileSync(await this.host.client(name, ...options), "utf8"));
  }

  /** None of the tokens that there ever were. */
  expectNoToken(written: string | Buffer): void {
    for (const token of this.host.tokens) expect(written.includes(token)).toBe(false);
  }

  /** What the program is to have, by name; each a plain droplet of a program with `seedStack`. */
  async declare(...droplets: (string | FleetDroplet)[]): Promise<void> {
    const fleet = droplets.map((droplet) => (typeof droplet === "string" ? { name: droplet } : droplet));
    await this.bench.must("config", "set", "bootseed:fleet", JSON.stringify(fleet));
  }

  /** A run with everything that the engine said of it. */
  async run(verb: "up" | "preview", ...args: string[]): Promise<{ ok: boolean; said: Diagnostic[]; posts: number }> {
    const log = join(this.bench.dir, "events");
    writeFileSync(log, "");
    const run = verb === "up" ? this.bench.up.bind(this.bench) : this.bench.run.bind(this.bench, verb);
    this.bench.api.calls.length = 0;
    const { ok, output } = await run("--event-log", log, ...args);
    const said = diagnosticsIn(log);
    // The engine's log has what a display at -v9 would have.
    for (const text of [output, readFileSync(log), this.host.service.log]) this.expectNoToken(text);
    expect(output).not.toMatch(/at .*\.ts:\d+/);
    return { ok, said, posts: this.bench.api.calls.filter((call) => call === "POST /v2/droplets").length };
  }

  /** A run that fails by one error, on this droplet; nothing was made, no seed was taken. @returns the error's text */
  async refused(name: string, verb: "up" | "preview" = "up"): Promise<string> {
    const before = await this.#seeds();
    const { ok, said, posts } = await this.run(verb);
    const errors = errorsAmong(said);
    expect(errors).toEqual([{ resource: name, severity: "error", message: expect.any(String) as string }]);
    expect([ok, posts]).toEqual([false, 0]);
    expect(await this.#seeds()).toEqual(before);
    return errors[0]?.message ?? "";
  }

  /** A run that makes these droplets and takes a seed for each, and no other. */
  async passes(...names: string[]): Promise<void> {
    const before = new Set((await this.#seeds()).map((vm) => vm.seedId));
    const { ok, said, posts } = await this.run("up");
    expect([errorsAmong(said), ok, posts]).toEqual([[], true, names.length]);
    const made = (await this.#seeds()).filter((vm) => !before.has(vm.seedId));
    expect(made.map((vm) => vm.name).toSorted()).toEqual(names.toSorted());
    for (const vm of made) expect(vm).toMatchObject({ stack: STACK, instanceId: expect.any(String) as string });
  }

  /** What the host has committed; nothing while it is stopped. */
  async #seeds(): Promise<readonly Vm[]> {
    const { service } = this.host;
    return service.alive ? service.vms() : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.bench.close();
  }
}
