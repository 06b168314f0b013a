/** A real Pulumi engine with its parts; where an official part cannot be had, a labelled stand-in takes its place. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { artifact, ROOT, type Progress } from "../cache.ts";
import { buildEngine, ENGINE_RECIPE } from "./build-engine.ts";
import { binFolder } from "./engine/bin.ts";
import { fetchedPlugins, fetchProvider, lastFailure, type Provider } from "./engine/fetch.ts";
import { findPlugin, given, onPath, type Places, placesOf } from "./engine/find.ts";

type Part = "official" | "stand-in";
const PARTS = ["languageHost", "provider", "command"] as const;

/** Where each of the engine's parts came from; printed in every output that rests on it. */
export interface Engine {
  /** Folder to put first on PATH: `pulumi`, its plugins, and the stand-ins where they are needed. */
  readonly bin: string;
  readonly version: string;
  readonly kind: "official" | "npm" | "built";
  readonly languageHost: Part;
  readonly provider: Part;
  readonly command: Part;
  /** Why a stand-in was taken. */
  readonly why: Readonly<Partial<Record<(typeof PARTS)[number], string>>>;
}

const NPM_PACKAGE = "pulumi@3.265.0";
/** `replacementTrigger` needs it (docs/pulumi.md). */
const OLDEST = [3, 211] as const;

type Found = { readonly pulumi: string; readonly version: string; readonly kind: Engine["kind"] };

/**
 * The engine: that of the folder `BOOTSEED_ENGINE_BIN`, else the first on PATH that is new enough, else npm's package (one
 * try, 30 s), else the tagged release built from Go modules. Its parts are looked for again each time.
 * A relative folder counts from the working folder; an empty variable counts as unset.
 *
 * @param progress gets what takes long
 * @param network whether providers that are missing are asked for; the set-up does, a test relies on what is there
 * @throws {Error} when none can be had, with what to install
 */
export async function ensureEngine(progress: Progress = () => undefined, network = false): Promise<Engine> {
  const folder = given(process.env["BOOTSEED_ENGINE_BIN"]);
  const own = placesOf(process.env);
  const places = folder === undefined ? own : { ...own, path: [resolve(folder)] };
  const { pulumi, version, kind } = (await installed(places)) ?? (await fetchedOrBuilt(folder, progress));
  const host = findPlugin({ program: "pulumi-language-nodejs" }, places, pulumi);
  const why: Partial<Record<(typeof PARTS)[number], string>> = "why" in host ? { languageHost: host.why } : {};
  const providers: { folder: string; file: string }[] = [];
  for (const [part, name] of [
    ["provider", "digitalocean"],
    ["command", "command"],
  ] as const) {
    const found = await providerOf(name, places, pulumi, network ? progress : undefined);
    if ("why" in found) why[part] = found.why;
    else providers.push(found);
  }
  const standIns = PARTS.filter((part) => why[part] !== undefined);
  const languageHost = "file" in host ? host.file : undefined;
  const bin = binFolder({ pulumi, languageHost, providers, standIns });
  const isOfficial = (part: (typeof PARTS)[number]): Part => (why[part] === undefined ? "official" : "stand-in");
  const parts = {
    languageHost: isOfficial("languageHost"),
    provider: isOfficial("provider"),
    command: isOfficial("command"),
  };
  return { bin, version, kind, ...parts, why };
}

/** `pulumi version` in a home of its own: the user's gets no files, and its settings do not count. */
async function versionOf(pulumi: string): Promise<string | undefined> {
  const home = mkdtempSync(join(tmpdir(), "bootseed-version-"));
  try {
    const { stdout, failed } = await execa(pulumi, ["version"], {
      reject: false,
      timeout: 30_000,
      stdin: "ignore",
      env: { PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return !failed && newEnough(stdout) ? stdout.trim().replace(/^v/, "") : undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function installed(places: Places): Promise<Found | undefined> {
  for (const pulumi of onPath(places, "pulumi")) {
    const version = await versionOf(pulumi);
    if (version !== undefined) return { pulumi: realpathSync(pulumi), version, kind: "official" };
  }
  return undefined;
}

/** Whether `pulumi version`'s answer is at least the oldest that the mechanism rests on. */
export function newEnough(version: string): boolean {
  const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function fetchedOrBuilt(folder: string | undefined, progress: Progress): Promise<Found> {
  if (folder !== undefined)
    throw new Error(
      `expected pulumi ≥ ${OLDEST.join(".")} in the folder BOOTSEED_ENGINE_BIN (${folder}): put it or a link to it there, or unset the variable`,
    );
  const recipe = ["v2", "", NPM_PACKAGE, ...ENGINE_RECIPE];
  const dir = await artifact({ name: "engine", recipe, build: npmOrBuild }, progress);
  const pulumi = join(dir, "pulumi");
  const version = await versionOf(pulumi);
  if (version === undefined) throw new Error(`${pulumi} does not print its version: remove ${dir}`);
  return { pulumi: realpathSync(pulumi), version, kind: existsSync(join(dir, "npm")) ? "npm" : "built" };
}

async function npmOrBuild(target: string, say: Progress): Promise<void> {
  say(`trying npm's ${NPM_PACKAGE} (one try, 30 s)`);
  const prefix = join(target, "npm");
  const args = ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--loglevel=error", NPM_PACKAGE];
  await execa("npm", args, { reject: false, timeout: 30_000, stdin: "ignore" });
  if ((await versionOf(join(prefix, "node_modules/.bin/pulumi"))) !== undefined) {
    symlinkSync("npm/node_modules/.bin/pulumi", join(target, "pulumi"));
    return;
  }
  rmSync(prefix, { recursive: true, force: true });
  say("npm's package brought no engine: building the tagged release from Go modules");
  await buildEngine(join(target, "pulumi"), say);
}

/** @param fetching says what is asked for; undefined: nothing is */
async function providerOf(
  name: string,
  places: Places,
  pulumi: string,
  fetching: Progress | undefined,
): Promise<{ folder: string; file: string } | { why: string }> {
  const manifest = readFileSync(join(ROOT, `node_modules/@pulumi/${name}/package.json`), "utf8");
  const provider: Provider = { name, version: (JSON.parse(manifest) as { version: string }).version };
  const wanted = { program: `pulumi-resource-${name}`, folder: `resource-${name}-v${provider.version}` };
  const here = (): ReturnType<typeof findPlugin> => {
    const found = findPlugin(wanted, places, pulumi);
    const fetched = findPlugin(wanted, { path: [], plugins: fetchedPlugins() }, pulumi);
    return "file" in found || !("file" in fetched) ? found : fetched;
  };
  if ("why" in here() && fetching !== undefined) await fetchProvider(pulumi, provider, fetching);
  const found = here();
  if ("file" in found) return { folder: wanted.folder, file: found.file };
  const last = lastFailure(provider);
  const tried =
    last === undefined
      ? ""
      : `; the engine could not fetch it (${new Date(last.at).toISOString().slice(0, 16)}Z): ${last.why}`;
  return { why: found.why + tried };
}
