/** Where an engine and its plugins are on this machine. Looks at files only: starts nothing, asks no network. */
import { accessSync, constants, existsSync, openSync, readSync, closeSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

/** What every wrapper of tools/pulumi/stand-ins.ts begins with. */
const STAND_IN = "#!/bin/sh\n# stand-in";

/** Folders that are looked through. */
export interface Places {
  /** PATH */
  readonly path: readonly string[];
  /** `$PULUMI_HOME/plugins` */
  readonly plugins: string;
}

/** A plugin: the name of its program, and for a resource provider its folder below `plugins`. */
export interface Wanted {
  readonly program: string;
  /** `resource-digitalocean-v4.80.1`: of the version that the SDK asks for, as the engine looks for it */
  readonly folder?: string;
}

/** @param env PATH, PULUMI_HOME, HOME; relative folders are made absolute, as links to what is found stand elsewhere */
export function placesOf(env: Readonly<Record<string, string | undefined>>): Places {
  const home = given(env["PULUMI_HOME"]) ?? join(env["HOME"] ?? "/", ".pulumi");
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return { path: path.map((folder) => resolve(folder)), plugins: resolve(home, "plugins") };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Whether a program is one of ours, found again by way of a PATH that had it. */
function isStandIn(file: string): boolean {
  const head = Buffer.alloc(STAND_IN.length);
  const opened = openSync(file, "r");
  try {
    readSync(opened, head);
  } finally {
    closeSync(opened);
  }
  return head.toString("latin1") === STAND_IN;
}

/** A variable that is empty counts as unset. */
export const given = (variable: string | undefined): string | undefined => (variable === "" ? undefined : variable);

/**
 * A provider in a folder of plugins: an executable program that is no stand-in, and that the engine has unpacked to the end. Until
 * then the engine keeps a file FOLDER.partial beside the folder, and takes nothing from it.
 *
 * @param plugins `$PULUMI_HOME/plugins`
 * @returns its absolute path, or undefined
 */
export function pluginIn(plugins: string, { folder, program }: Required<Wanted>): string | undefined {
  const file = join(plugins, folder, program);
  return isOfficial(file) && !existsSync(join(plugins, `${folder}.partial`)) ? file : undefined;
}

const isOfficial = (file: string): boolean => isProgram(file) && !isStandIn(file);

/** Folders of node_modules hold a package's own commands: no engine that a user installed. */
const foreign = (folder: string): boolean => !folder.split("/").includes("node_modules");

/** @returns the programs of that name on PATH, in its order */
export const onPath = ({ path }: Places, program: string): string[] =>
  path
    .filter(foreign)
    .map((folder) => join(folder, program))
    .filter((file) => isProgram(file));

/**
 * A plugin that is no stand-in: on PATH, beside the real file of `pulumi`, in `$PULUMI_HOME/plugins`, in this order, which is
 * the engine's.
 *
 * @param pulumi as found; its symbolic links are followed
 * @returns the absolute path, or why there is none
 */
export function findPlugin(
  { program, folder }: Wanted,
  places: Places,
  pulumi: string,
): { file: string } | { why: string } {
  const beside = dirname(existsSync(pulumi) ? realpathSync(pulumi) : pulumi);
  const found =
    [...onPath(places, program), join(beside, program)].find((file) => isOfficial(file)) ??
    (folder === undefined ? undefined : pluginIn(places.plugins, { program, folder }));
  if (found !== undefined) return { file: found };
  const own = folder === undefined ? "" : ` or ${join(places.plugins, folder)}`;
  return { why: `no ${program} on PATH, in ${beside}${own}` };
}

/** Changes when another program is there: a decision that rests on it is made again. */
export function stampOf(file: string): string {
  const real = realpathSync(file);
  const { size, mtimeMs } = statSync(real);
  return `${file} ${real} ${size} ${mtimeMs}`;
}
