/** The folder that comes first on PATH in demo, tests and benchmarks, and the plugins for their homes. */
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheRoot, ROOT } from "../../cache.ts";
import { type StandIn, writeStandIns } from "../../pulumi/stand-ins.ts";
import { stampOf } from "./find.ts";

/** Besides the Node.js host: other languages' hosts and what they start. */
const WITH_HOST = /^pulumi-(?:language|converter|analyzer|resource-pulumi)-/;

/** What the folder is to hold. */
export interface BinParts {
  /** absolute path */
  readonly pulumi: string;
  /** official language host */
  readonly languageHost: string | undefined;
  /** official providers: folder below `plugins`, and the program */
  readonly providers: readonly { readonly folder: string; readonly file: string }[];
  readonly standIns: readonly StandIn[];
}

/**
 * Another set of parts has another folder, so that a run under way keeps its own. Stand-ins name this clone's files: each
 * clone that shares a cache has folders of its own.
 *
 * @returns absolute path
 */
export function binFolder(parts: BinParts): string {
  const host = parts.languageHost === undefined ? [] : [parts.languageHost];
  const official = [parts.pulumi, ...host, ...parts.providers.map(({ file }) => file)];
  const key = JSON.stringify([ROOT, parts.standIns, official.map((file) => stampOf(file))]);
  const bin = join(cacheRoot(), `engine-bin-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`);
  if (existsSync(bin)) return bin;
  const partial = `${bin}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  linkEngine(partial, parts);
  writeStandIns(partial, join(ROOT, "node_modules/.bin/node"), parts.standIns);
  for (const { folder, file } of parts.providers) {
    mkdirSync(join(partial, "plugins", folder), { recursive: true });
    symlinkSync(file, join(partial, "plugins", folder, basename(file)));
  }
  try {
    renameSync(partial, bin);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true }); // another process was first
    if (!existsSync(bin)) throw error;
  }
  return bin;
}

/** The engine takes hosts beside its real file without a warning: where they are elsewhere, it is linked beside them. */
function linkEngine(bin: string, { pulumi, languageHost }: BinParts): void {
  const real = realpathSync(pulumi);
  const link = join(bin, "pulumi");
  if (languageHost === undefined || dirname(languageHost) === dirname(real)) {
    symlinkSync(real, link);
    return;
  }
  const hosts = dirname(languageHost);
  for (const name of readdirSync(hosts)) if (WITH_HOST.test(name)) symlinkSync(join(hosts, name), join(bin, name));
  try {
    linkSync(real, link);
  } catch {
    symlinkSync(real, link); // on another file system: the engine warns that its host is on PATH
  }
}

/**
 * Puts the official providers of an engine's folder into a home: on PATH the engine would warn of them in every run.
 *
 * @param bin of {@link binFolder}, or any folder
 * @param home PULUMI_HOME; its folder `plugins` stays the run's own, so that nothing is written into the cache
 */
export function usePlugins(bin: string, home: string): void {
  const from = join(bin, "plugins");
  if (!existsSync(from)) return;
  for (const folder of readdirSync(from)) {
    const to = join(home, "plugins", folder);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(join(from, folder)))
      symlinkSync(realpathSync(join(from, folder, name)), join(to, name));
  }
}
