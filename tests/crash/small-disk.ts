/** A small file system of its own: full, empty, read-only, as the test wants. Needs root. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prerequisite } from "../prerequisite.ts";

const PAGE_BYTES = 4096;

export class SmallDisk implements Disposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-disk-"));
  readonly #filler: string = join(this.dir, "filler");

  /** @param bytes size of the whole file system */
  constructor(bytes: number) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "bootseed-test", this.dir]);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.dir);
    return bavail * bsize;
  }

  /** Somebody else's file takes the space. @param leave bytes that stay free */
  fill(leave: number): void {
    const pages = Math.floor((this.freeBytes - leave) / PAGE_BYTES);
    writeFileSync(this.#filler, new Uint8Array(Math.max(0, pages) * PAGE_BYTES), { flag: "a" });
  }

  /** It is removed. */
  free(): void {
    truncateSync(this.#filler);
  }

  /** @param bytes its new size */
  resize(bytes: number): void {
    execFileSync("mount", ["-o", `remount,size=${bytes}`, this.dir]);
  }

  /** Remounts; fails while a file is open for writing. */
  readOnly(yes: boolean): void {
    execFileSync("mount", ["-o", `remount,${yes ? "ro" : "rw"}`, this.dir]);
  }

  [Symbol.dispose](): void {
    // Lazily: a process that is just ending may still be in it.
    execFileSync("umount", ["-l", this.dir]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "bootseed-test", dir]).status === 0;
  if (mounted) execFileSync("umount", [dir]);
  rmSync(dir, { recursive: true, force: true });
  return mounted;
}

/** Whether file systems can be mounted here. */
export const MOUNTS: boolean = prerequisite(
  canMount(),
  "expected to be root and allowed to mount a tmpfs: run as root",
);
