/** Where an engine and its plugins are on this machine. Looks at files only: starts nothing, asks no network. */
import { accessSync, constants, existsSync, openSync, readSync, closeSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

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

/** @param env PATH, PULUMI_HOME, HOME */
export function placesOf(env: Readonly<Record<string, string | undefined>>): Places {
  const home = env["PULUMI_HOME"] ?? join(env["HOME"] ?? "/", ".pulumi");
  return {
    path: (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    plugins: join(home, "plugins"),
  };
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
  const own = folder === undefined ? [] : [join(places.plugins, folder)];
  const found = [...onPath(places, program), ...[beside, ...own].map((place) => join(place, program))].find(
    (file) => isProgram(file) && !isStandIn(file),
  );
  if (found !== undefined) return { file: found };
  return { why: `no ${program} on PATH, in ${[beside, ...own].join(" or ")}` };
}

/** Changes when another program is there: a decision that rests on it is made again. */
export function stampOf(file: string): string {
  const real = realpathSync(file);
  const { size, mtimeMs } = statSync(real);
  return `${file} ${real} ${size} ${mtimeMs}`;
}
