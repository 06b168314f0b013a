import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Root of the repository, absolute. */
export const ROOT: string = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The one git-ignored folder that holds everything fetched or built: `$BOOTSEED_CACHE`, else `.cache` at the root. */
export function cacheRoot(): string {
  return resolve(process.env["BOOTSEED_CACHE"] ?? join(ROOT, ".cache"));
}

/** Says one line of progress about a long step. */
export type Progress = (line: string) => void;

/** A thing that is built once and kept under a name and the hash of its recipe. */
export interface Artifact {
  /** kebab-case, part of the folder's name */
  readonly name: string;
  /** everything that decides the result: file contents, versions. A change builds anew and drops the old folder. */
  readonly recipe: readonly string[];
  /** Fills `dir`, which exists and is empty. What it throws leaves nothing behind. */
  readonly build: (dir: string, progress: Progress) => Promise<void>;
}

/**
 * Returns the artifact's folder, building it first where it is missing. Built in a folder of its own and renamed when complete, so that an
 * interrupted build is never taken for a whole one; a second process waits for the first one's lock.
 *
 * @example const dir = await artifact({ name: "engine", recipe: [goMod], build: (d) => goBuild(d) });
 */
export async function artifact(spec: Artifact, progress: Progress = () => undefined): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(spec.recipe)).digest("hex").slice(0, 12);
  const final = join(cacheRoot(), `${spec.name}-${key}`);
  if (existsSync(final)) return final;
  mkdirSync(cacheRoot(), { recursive: true });
  const release = await lock(`${final}.lock`, () => progress(`${spec.name}: another process is building it, waiting`));
  try {
    if (existsSync(final)) return final;
    const partial = `${final}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    const began = Date.now();
    progress(`${spec.name}: building`);
    try {
      await spec.build(partial, (line) => progress(`${spec.name}: ${line}`));
    } catch (cause) {
      rmSync(partial, { recursive: true, force: true });
      throw new Error(`${spec.name} could not be built: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
    renameSync(partial, final);
    progress(`${spec.name}: done in ${Math.round((Date.now() - began) / 1000)} s`);
    dropOlder(spec.name, final);
    return final;
  } finally {
    release();
  }
}

/** A lock file that names its holder; a dead holder's lock is taken over. */
async function lock(path: string, waiting: () => void): Promise<() => void> {
  let told = false;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (!holderAlive(path)) rmSync(path, { force: true });
    else {
      if (!told) waiting();
      told = true;
      await sleep(500);
    }
  }
}

function holderAlive(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return pid === 0 || existsSync(`/proc/${pid}`); // 0: created, its number not yet written
  } catch {
    return false;
  }
}

function dropOlder(name: string, keep: string): void {
  const own = new RegExp(`^${name}-[0-9a-f]{12}(\\.partial|\\.lock)?$`);
  for (const entry of readdirSync(cacheRoot()))
    if (own.test(entry) && !join(cacheRoot(), entry).startsWith(keep))
      rmSync(join(cacheRoot(), entry), { recursive: true, force: true });
}
