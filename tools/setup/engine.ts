import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { artifact, ROOT, type Progress } from "../cache.ts";
import { writeStandIns } from "../pulumi/stand-ins.ts";
import { buildEngine, ENGINE_RECIPE } from "./build-engine.ts";

/** Where each of the engine's parts came from; said in every output that rests on it. */
export interface Engine {
  /** Folder to put first on PATH: `pulumi`, its plugins, and the stand-ins where they are needed. */
  readonly bin: string;
  readonly version: string;
  readonly kind: "official" | "npm" | "built";
  readonly languageHost: "official" | "stand-in";
  readonly provider: "official" | "stand-in";
}

const NPM_PACKAGE = "pulumi@3.265.0";
/** `replacementTrigger` needs it (docs/pulumi.md). */
const OLDEST = [3, 211] as const;
const PROVIDER = "pulumi-resource-digitalocean";

/**
 * A real Pulumi engine: the one on PATH if it is new enough, else npm's package (one try, 30 s), else the tagged release built from Go modules.
 * Where the language host or the provider cannot be had, labelled stand-ins take their place.
 *
 * @throws {Error} when none can be had, saying what to install.
 */
export async function ensureEngine(progress: Progress = () => undefined): Promise<Engine> {
  const found = await onPath();
  const dir = await artifact(
    {
      name: "engine",
      recipe: ["v2", found ?? "", NPM_PACKAGE, ...ENGINE_RECIPE],
      build: async (target, say) => {
        const kind = found === undefined ? await npmOrBuild(target, say) : "official";
        if (kind === "official") symlinkSync(String(found), join(target, "pulumi"));
        const pulumi = join(target, "pulumi");
        const beside = found ?? join(target, "npm/node_modules/.bin/pulumi");
        const languageHost = existsSync(join(dirname(beside), "pulumi-language-nodejs")) ? "official" : "stand-in";
        const provider = languageHost === "official" && (await fetchProvider(target, say)) ? "official" : "stand-in";
        const version = (
          await execa(pulumi, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })
        ).stdout.replace(/^v/, "");
        writeFileSync(join(target, "engine.json"), JSON.stringify({ version, kind, languageHost, provider }));
      },
    },
    progress,
  );
  const parts = JSON.parse(readFileSync(join(dir, "engine.json"), "utf8")) as Omit<Engine, "bin">;
  return { bin: binFolder(dir, parts), ...parts };
}

/** The absolute path of a `pulumi` on PATH that is new enough and not one of node_modules. */
async function onPath(): Promise<string | undefined> {
  const { stdout, failed } = await execa("sh", ["-c", "command -v pulumi && pulumi version"], {
    reject: false,
    timeout: 10_000,
    stdin: "ignore",
  });
  const [path, version] = stdout.split("\n");
  if (failed || path === undefined || version === undefined || path.includes("node_modules")) return undefined;
  return newEnough(version) ? path : undefined;
}

/** Whether `pulumi version`'s answer is at least the oldest that the mechanism rests on. */
export function newEnough(version: string): boolean {
  const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function npmOrBuild(target: string, say: Progress): Promise<"npm" | "built"> {
  say(`trying npm's ${NPM_PACKAGE} (one try, 30 s)`);
  const quiet = { reject: false, timeout: 30_000, stdin: "ignore", env: { PULUMI_SKIP_UPDATE_CHECK: "true" } } as const;
  const prefix = join(target, "npm");
  await execa(
    "npm",
    ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--loglevel=error", NPM_PACKAGE],
    quiet,
  );
  const tried = await execa(join(prefix, "node_modules/.bin/pulumi"), ["version"], quiet);
  if (!tried.failed && newEnough(tried.stdout)) {
    symlinkSync("npm/node_modules/.bin/pulumi", join(target, "pulumi"));
    return "npm";
  }
  rmSync(prefix, { recursive: true, force: true });
  say("npm's package brought no engine: building the tagged release from Go modules");
  await buildEngine(join(target, "pulumi"), say);
  return "built";
}

/** The engine's own way to fetch the provider; one try. */
async function fetchProvider(target: string, say: Progress): Promise<boolean> {
  say("asking the engine for the official digitalocean provider (one try, 60 s)");
  const manifest = readFileSync(join(ROOT, "node_modules/@pulumi/digitalocean/package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const home = join(target, "home");
  const options = {
    reject: false,
    timeout: 60_000,
    stdin: "ignore",
    env: { PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
  } as const;
  const got = await execa(join(target, "pulumi"), ["plugin", "install", "resource", "digitalocean", version], options);
  const file = `home/plugins/resource-digitalocean-v${version}/${PROVIDER}`;
  if (got.failed || !existsSync(join(target, file))) return false;
  symlinkSync(file, join(target, PROVIDER));
  return true;
}

/** Stand-ins' wrappers name this clone's files, so each clone that shares a cache has a folder of its own. */
function binFolder(dir: string, parts: Omit<Engine, "bin">): string {
  const bin = join(dir, `bin-${createHash("sha256").update(ROOT).digest("hex").slice(0, 8)}`);
  if (existsSync(bin)) return bin;
  const partial = `${bin}.${process.pid}`;
  mkdirSync(partial);
  symlinkSync("../pulumi", join(partial, "pulumi"));
  writeStandIns(
    partial,
    join(ROOT, "node_modules/.bin/node"),
    (["languageHost", "provider"] as const).filter((part) => parts[part] === "stand-in"),
  );
  if (parts.provider === "official") symlinkSync(`../${PROVIDER}`, join(partial, PROVIDER));
  try {
    renameSync(partial, bin);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true }); // another process was first
    if (!existsSync(bin)) throw error;
  }
  return bin;
}
