/** One of examples/ as its reader has it: a folder of its own, the package `bootseed` in node_modules, a stack on the real engine. */
import { execa } from "execa";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pulumiEnv } from "../../../tools/pulumi/env.ts";
import { usePlugins } from "../../../tools/setup/engine/bin.ts";
import { engineBin, ROOT } from "../engine.ts";
import type { Ran } from "../workbench.ts";

/** The packages of an example that are in this repository. `bootseed` is the source of the published one. */
const PACKAGES: Readonly<Record<string, string>> = {
  bootseed: "seeder",
  "@pulumi/command": "node_modules/@pulumi/command",
  "@pulumi/digitalocean": "node_modules/@pulumi/digitalocean",
  "@pulumi/pulumi": "node_modules/@pulumi/pulumi",
};

export interface ExampleOptions {
  /** DigitalOcean-compatible API on loopback. */
  api: string;
  env?: Readonly<Record<string, string>>;
}

export class ExampleStack implements AsyncDisposable {
  readonly dir: string;
  /** A copy of the example. */
  readonly project: string;
  /** Of every command that is run in it. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(dir: string, project: string, env: Record<string, string>) {
    this.dir = dir;
    this.project = project;
    this.env = env;
  }

  /** @param name of the folder below examples/ */
  static async open(name: string, { api, env: extra = {} }: ExampleOptions): Promise<ExampleStack> {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-example-"));
    for (const sub of ["home", "state"]) mkdirSync(join(dir, sub));
    const project = join(dir, name);
    cpSync(join(ROOT, "examples", name), project, { recursive: true });
    linkPackages(project);
    const bin = await engineBin();
    usePlugins(bin, join(dir, "home"));
    const env = pulumiEnv({
      bin,
      nodeBin: `${join(project, "node_modules/.bin")}:${join(ROOT, "node_modules/.bin")}`,
      home: join(dir, "home"),
      backend: join(dir, "state"),
      passphrase: randomBytes(16).toString("hex"),
      api,
      pollMs: 20,
      extra,
    });
    const stack = new ExampleStack(dir, project, env);
    await stack.must("stack", "init", "prod");
    return stack;
  }

  /** `organization/NAME/prod`: a state in files knows one organization. */
  get stack(): string {
    return `organization/${basename(this.project)}/prod`;
  }

  /** Runs `pulumi`; never throws. */
  async run(...args: string[]): Promise<Ran> {
    const ran = await execa("pulumi", ["--non-interactive", ...args], {
      cwd: this.project,
      env: this.env,
      extendEnv: false,
      all: true,
      reject: false,
      stdin: "ignore",
    });
    return { ok: !ran.failed, output: ran.all };
  }

  async must(...args: string[]): Promise<string> {
    const { ok, output } = await this.run(...args);
    if (!ok) throw new Error(`pulumi ${args.join(" ")} failed:\n${output}`);
    return output;
  }

  mustUp(...args: string[]): Promise<string> {
    return this.must("up", "--yes", ...args);
  }

  async set(key: string, value: string): Promise<void> {
    await this.must("config", "set", key, "--", value);
  }

  /** As a person sets one: on standard input, never in argv. */
  async setSecret(key: string, value: string): Promise<void> {
    await execa("pulumi", ["--non-interactive", "config", "set", "--secret", key], {
      cwd: this.project,
      env: { ...this.env },
      extendEnv: false,
      input: value,
    });
  }

  async output(name: string): Promise<string> {
    return String(JSON.parse(await this.must("stack", "output", name, "--json")));
  }

  /** URN of a resource by the end of its type and its name. */
  async urn(type: string, name: string): Promise<string> {
    const urn = new RegExp(`urn:[^"]*${type}::${name}(?=")`).exec(await this.must("stack", "export"))?.[0];
    if (urn === undefined) throw new Error(`no ${type} ${name} in the state`);
    return urn;
  }

  /** Changes the program from what it is in examples/; with nothing, back to that. @throws {Error} when a `from` is not in it */
  edit(...changes: readonly (readonly [from: string, to: string])[]): void {
    let text = readFileSync(join(ROOT, "examples", basename(this.project), "index.ts"), "utf8");
    for (const [from, to] of changes) {
      if (!text.includes(from)) throw new Error(`expected ${JSON.stringify(from)} in the example`);
      text = text.replace(from, to);
    }
    writeFileSync(join(this.project, "index.ts"), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve(rmSync(this.dir, { recursive: true, force: true }));
  }
}

/** What `npm install` would bring: of the dependencies that package.json names, nothing more. */
function linkPackages(project: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, PACKAGES[name] ?? `node_modules/${name}`), link);
  }
  mkdirSync(join(project, "node_modules/.bin"));
  symlinkSync(join(ROOT, "seeder/cli/main.ts"), join(project, "node_modules/.bin/bootseed"));
}

/** Every example, by its folder. */
export const EXAMPLES: readonly string[] = readdirSync(join(ROOT, "examples"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
