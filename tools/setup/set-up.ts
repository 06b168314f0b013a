import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureMini } from "../causal/mini.ts";
import { cacheRoot, type Progress } from "../cache.ts";
import { ensureImage } from "../image/image.ts";
import { ensureEngine, type Engine } from "./engine.ts";
import { ensureLinters } from "./linters.ts";
import { ensureSshd } from "./sshd.ts";

/** The image that we build, by the name that DigitalOcean gives to its like. */
const IMAGE_SLUG = "debian-12-x64";

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

/** Fetches and builds what is missing, side by side; everything there already: some milliseconds. */
export async function setUp(progress: Progress = say): Promise<Parts> {
  const [engine, image] = await Promise.all([
    ensureEngine(progress),
    ensureImage(progress),
    ensureMini(progress),
    ensureLinters(progress),
    ensureSshd(progress),
  ]);
  const images = join(cacheRoot(), "images");
  mkdirSync(images, { recursive: true });
  const link = join(images, `.${process.pid}`);
  symlinkSync(image, link);
  renameSync(link, join(images, IMAGE_SLUG));
  writeFileSync(join(cacheRoot(), "ready"), "");
  progress(
    `engine ${engine.version} (${engine.kind}), language host: ${engine.languageHost}, provider: ${engine.provider}`,
  );
  return { engine, images };
}
