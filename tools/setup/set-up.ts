import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureMini } from "../causal/mini.ts";
import { cacheRoot, type Progress } from "../cache.ts";
import { ensureImage } from "../image/image.ts";
import { ensureEngine, type Engine } from "./engine.ts";
import { ensureLinters } from "./linters.ts";

/** What demo and tests stand on. */
export interface Parts {
  readonly engine: Engine;
  /** folder of the mini VM: vmlinuz, initrd */
  readonly mini: string;
  /** folder of the guest image: base.qcow2, vmlinuz, initrd, packages.txt */
  readonly image: string;
}

/** Seconds since the command was typed, before each line. */
export const say: Progress = (line) => {
  const started = Number(process.env["BOOTSEED_STARTED"] ?? performance.timeOrigin);
  process.stderr.write(`[${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s] ${line}\n`);
};

/** Fetches and builds what is missing, side by side; everything there already: some milliseconds. */
export async function setUp(progress: Progress = say): Promise<Parts> {
  const [engine, mini, image] = await Promise.all([ensureEngine(progress), ensureMini(progress), ensureImage(progress), ensureLinters(progress)]);
  writeFileSync(join(cacheRoot(), "ready"), "");
  progress(`engine ${engine.version} (${engine.kind}), language host: ${engine.languageHost}, provider: ${engine.provider}`);
  return { engine, mini, image };
}
