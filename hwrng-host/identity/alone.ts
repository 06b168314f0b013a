/** One signs at a time: of two rotations at once, each would put back what the other has just replaced. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HostError } from "../host-error.ts";
import { createOnce, running } from "./files.ts";

const MARK = /^signing\.([1-9]\d*)\.tmp$/;

/**
 * Runs `work` while nobody else does on this folder. Both put their mark first and look for others' second: two that
 * come at once may both be refused, and never both go on. A killed one's mark counts no more.
 * @throws HostError "conflict", and whatever `work` throws
 */
export function alone<T>(dir: string, work: () => T): T {
  const mark = join(dir, `signing.${process.pid}.tmp`);
  createOnce(mark, new Uint8Array(0), "folder");
  try {
    const others = readdirSync(dir).map((name) => Number(MARK.exec(name)?.[1] ?? process.pid));
    if (!others.some((pid) => pid !== process.pid && running(pid))) return work();
    throw new HostError(
      "conflict",
      "another command signs a statement now",
      "run it again when it is done",
      EXIT.usage,
    );
  } finally {
    rmSync(mark, { force: true });
  }
}
