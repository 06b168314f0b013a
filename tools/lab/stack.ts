import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ROOT } from "../cache.ts";
import { pulumiEnv } from "../pulumi/env.ts";
import { linkProject } from "../pulumi/project.ts";
import { usePlugins } from "../setup/engine/bin.ts";
import type { Engine } from "../setup/engine.ts";

/** A droplet of the program behind `pulumi up` at the repository's root. */
export interface DropletConfig {
  readonly name: string;
  readonly image: string;
  readonly size: string;
  readonly region: string;
  readonly userData?: string;
  readonly tags?: readonly string[];
}

/** One stack of the root program, with a backend, home and passphrase of its own. */
export interface Stack {
  readonly env: Readonly<Record<string, string>>;
  /** Sets the droplets that the next `up` is to have. */
  setDroplets(droplets: readonly DropletConfig[]): Promise<void>;
  /** Runs `pulumi VERB` without questions; its whole output. @param show gets the engine's output as it comes */
  pulumi(args: readonly string[], show?: (chunk: string) => void): Promise<string>;
  output(name: string): Promise<unknown>;
}

/** @param dir folder for project, state and home, removed by the caller: the stack is gone with it, once its droplets are destroyed */
export async function openStack(
  engine: Engine,
  dir: string,
  name: string,
  api: string,
  mint: string,
  sshPort: number,
): Promise<Stack> {
  const [home, backend] = [join(dir, "home"), join(dir, "backend")];
  const project = join(dir, "project");
  for (const folder of [home, backend]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  usePlugins(engine.bin, home);
  linkProject(ROOT, project);
  const passphrase = randomBytes(24).toString("base64");
  const env = pulumiEnv({ bin: engine.bin, nodeBin: join(ROOT, "node_modules/.bin"), home, backend, passphrase, api });
  const pulumi = async (args: readonly string[], show?: (chunk: string) => void): Promise<string> => {
    const child = execa(join(engine.bin, "pulumi"), ["--non-interactive", ...args], {
      cwd: project,
      env,
      extendEnv: false,
      all: true,
      stdin: "ignore",
    });
    if (show) child.all.on("data", (data: Buffer) => show(data.toString()));
    return (await child).all;
  };
  await pulumi(["stack", "init", name]);
  const config = (key: string, value: string): Promise<string> =>
    pulumi(["config", "set", key, "--stack", name, "--", value]);
  await config("bootseed:host", mint);
  await config("bootseed:sshPort", String(sshPort));
  return {
    env,
    setDroplets: async (droplets) => void (await config("bootseed:droplets", JSON.stringify(droplets))),
    pulumi: (args, show) => pulumi([...args, "--stack", name], show),
    output: async (output) =>
      JSON.parse(await pulumi(["stack", "output", output, "--json", "--stack", name])) as unknown,
  };
}
