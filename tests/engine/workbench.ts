/**
 * One stack of the repository's own program on a real engine, against a tiny API and a mint, in a folder of its own:
 * nothing of the user's Pulumi is read or written.
 */
import { execa } from "execa";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiEnv } from "../../tools/pulumi/env.ts";
import { usePlugins } from "../../tools/setup/engine/bin.ts";
import { linkProject } from "../../tools/pulumi/project.ts";
import { killSession } from "../testing/session.ts";
import { engineBin, ROOT } from "./engine.ts";
import { startTinyApi, type TinyApi } from "./tiny-api.ts";

export interface Ran {
  ok: boolean;
  /** stdout and stderr as the user sees them. */
  output: string;
}

/** One droplet of `bootseed:droplets`. */
export interface WantedDroplet {
  name: string;
  image?: string;
  userData?: string;
  tags?: string[];
}

const RUNNING = { extendEnv: false, all: true, reject: false, stdin: "ignore", timeout: 280_000 } as const;

export class Workbench {
  readonly dir: string;
  readonly api: TinyApi;
  /** Besides the workbench's own environment. */
  readonly moreEnv: Record<string, string> = {};
  readonly #env: Record<string, string>;
  readonly #project: string;
  /** Leaders of those that have not ended. */
  readonly #sessions: Set<number> = new Set();

  private constructor(dir: string, api: TinyApi, env: Record<string, string>) {
    this.dir = dir;
    this.api = api;
    this.#env = env;
    this.#project = join(dir, "project");
  }

  /**
   * @param program another program than the repository's own, relative to its root
   * @param bin folder of the engine, if it is not the set-up's
   * @returns a workbench with an empty stack
   */
  static async open(program?: string, bin?: string): Promise<Workbench> {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-engine-"));
    for (const sub of ["home", "state"]) mkdirSync(join(dir, sub));
    const project = join(dir, "project");
    linkProject(ROOT, project);
    if (program !== undefined) {
      symlinkSync(join(ROOT, "tests"), join(project, "tests"));
      const own = readFileSync(join(project, "Pulumi.yaml"), "utf8");
      writeFileSync(join(project, "Pulumi.yaml"), own.replace(/^main: .*$/m, `main: ${program}`));
    }
    const api = await startTinyApi();
    const engine = bin ?? (await engineBin());
    usePlugins(engine, join(dir, "home"));
    const env = pulumiEnv({
      bin: engine,
      nodeBin: join(ROOT, "node_modules", ".bin"),
      home: join(dir, "home"),
      backend: join(dir, "state"),
      passphrase: randomBytes(16).toString("hex"),
      api: api.url,
      pollMs: 20,
      retryWaitSeconds: 0.02,
      // A fifth of a run is Node compiling the same SDK three times.
      extra: { NODE_COMPILE_CACHE: join(dir, "compiled") },
    });
    const bench = new Workbench(dir, api, env);
    await bench.must("stack", "init", "test");
    return bench;
  }

  /** The whole environment of its `pulumi`, for a program that starts one itself. */
  get env(): Record<string, string> {
    return { ...this.#env, ...this.moreEnv };
  }

  /** Runs `pulumi`; never throws. */
  async run(...args: string[]): Promise<Ran> {
    const ran = await this.#execa(args, false);
    return { ok: !ran.failed, output: ran.all };
  }

  /** Starts `pulumi` as the leader of a session of its own, so that a test may interrupt it or end all of it at once. */
  start(...args: string[]): { pid: number; ran: Promise<Ran> } {
    const running = this.#execa(args, true);
    const { pid } = running;
    if (pid === undefined) throw new Error("pulumi did not start");
    this.#sessions.add(pid);
    const ran = running.then(({ failed, all }) => {
      killSession(pid); // plugins that outlive an engine that was interrupted
      this.#sessions.delete(pid);
      return { ok: !failed, output: all };
    });
    return { pid, ran };
  }

  #execa(args: readonly string[], detached: boolean) {
    // The last --cwd wins: a test may name another folder.
    const full = ["--cwd", this.#project, "--non-interactive", ...args];
    return execa("pulumi", full, { ...RUNNING, detached, env: this.env });
  }

  /** Runs `pulumi` and throws with its output if it failed. */
  async must(...args: string[]): Promise<string> {
    const { ok, output } = await this.run(...args);
    if (!ok) throw new Error(`pulumi ${args.join(" ")} failed:\n${output}`);
    return output;
  }

  up(...args: string[]): Promise<Ran> {
    this.api.calls.length = 0;
    return this.run("up", "--yes", "--skip-preview", ...args);
  }

  /** `up` that has to succeed. */
  async mustUp(...args: string[]): Promise<string> {
    const { ok, output } = await this.up(...args);
    if (!ok) throw new Error(`pulumi up failed:\n${output}`);
    return output;
  }

  /** @param host one mint, or several: `bootseed:hosts` */
  async configure(
    host: string | readonly string[],
    droplets: WantedDroplet[],
    more: Record<string, string> = {},
  ): Promise<void> {
    const base = { image: "debian-12-x64", size: "s-1vcpu-1gb", region: "ams3" };
    const all = droplets.map((droplet) => ({ ...base, ...droplet }));
    const from = typeof host === "string" ? { host } : { hosts: JSON.stringify(host) };
    for (const [key, value] of Object.entries({ ...from, droplets: JSON.stringify(all), ...more })) {
      await this.must("config", "set", `bootseed:${key}`, value);
    }
  }

  /** As a person does it: by standard input, not in argv. @param key may be a path, `hosts[0].token` */
  async setSecret(key: string, value: string): Promise<void> {
    const args = ["--cwd", this.#project, "config", "set", "--secret", "--path", `bootseed:${key}`];
    await execa("pulumi", args, { extendEnv: false, env: this.#env, input: value });
  }

  async output(name: string): Promise<unknown> {
    return JSON.parse(await this.must("stack", "output", name, "--json"));
  }

  /** URN of the droplet itself. */
  async urn(name: string): Promise<string> {
    const urn = new RegExp(`urn:[^"]*droplet:Droplet::${name}(?=")`).exec(await this.must("stack", "export"))?.[0];
    if (urn === undefined) throw new Error(`no droplet ${name} in the state`);
    return urn;
  }

  /** Everything that the engine has written: the exported state and every file of the backend and of its home. */
  async everythingWritten(): Promise<Buffer> {
    const files = ["state", "home"].flatMap((sub) =>
      readdirSync(join(this.dir, sub), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
    );
    return Buffer.concat([Buffer.from(await this.must("stack", "export")), ...files]);
  }

  async close(): Promise<void> {
    for (const leader of this.#sessions) killSession(leader); // a test failed while its engine waited
    await this.api.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
