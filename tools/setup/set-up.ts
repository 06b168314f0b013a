import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureMini } from "../causal/mini.ts";
import { cacheRoot, type Progress } from "../cache.ts";
import { ensureImage, IMAGES, type ImageSlug } from "../image/image.ts";
import { ensureEngine, type Engine } from "./engine.ts";
import { ensureLinters } from "./linters.ts";
import { ensureSshd } from "./sshd.ts";

const SLUGS = Object.keys(IMAGES) as ImageSlug[];

/** What demo and tests stand on. */
export interface Parts {
  readonly engine: Engine;
  /** what local-cloud serves: a folder per image slug */
  readonly images: string;
}

/** Seconds since the command was typed, before each line. */
export const say: Progress = (line) => {
  const started = Number(process.env["BOOTSEED_STARTED"] ?? performance.timeOrigin);
  process.stderr.write(`[${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s] ${line}\n`);
};

/**
 * Fetches and builds what is missing, side by side; everything there already: some milliseconds.
 *
 * @param slugs the images that are needed; default all
 * @param network whether the engine may ask for providers that are missing; a command does so once, and its tests take what is
 * there, so that all of a run stand on the same parts
 */
export async function setUp(
  progress: Progress = say,
  slugs: readonly ImageSlug[] = SLUGS,
  network = true,
): Promise<Parts> {
  const [engine, folders] = await Promise.all([
    ensureEngine(progress, network),
    Promise.all(slugs.map(async (slug) => [slug, await ensureImage(progress, slug)] as const)),
    ensureMini(progress),
    ensureLinters(progress),
    ensureSshd(progress),
  ]);
  const images = join(cacheRoot(), "images");
  mkdirSync(images, { recursive: true });
  for (const [slug, folder] of folders) {
    const link = join(images, `.${process.pid}`);
    symlinkSync(folder, link);
    renameSync(link, join(images, slug));
  }
  writeFileSync(join(cacheRoot(), "ready"), "");
  progress(
    `engine ${engine.version} (${engine.kind}), language host: ${engine.languageHost}, provider: ${engine.provider}, command: ${engine.command}`,
  );
  for (const why of new Set(Object.values(engine.why))) progress(`a stand-in is used: ${why}`);
  return { engine, images };
}

/** What {@link setUp} made, for tests: what is missing is built, but no provider is asked for within a run. */
export const partsOfRun = (): Promise<Parts> => setUp(say, SLUGS, false);

/** For programs: waits for set-up. Where it fails, prints why, without a stack trace, and ends the process with 70. */
export async function orExit<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown): never => {
    say(`set-up failed: ${error instanceof Error ? error.message : String(error)}`);
    say("correct this, then run the same command again: what is built stays");
    process.exit(70);
  });
}
