/** libfaketime: a wall clock that is wrong, and changes while a process runs. The monotonic one stays true. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prerequisite } from "../prerequisite.ts";

/** The library for programs with threads. */
export const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Whether clocks can be faked here. */
export const CLOCKS: boolean = prerequisite(existsSync(FAKETIME), "expected libfaketime: apt-get install faketime");

export const HOUR = 3600;
export const DAY: number = 24 * HOUR;

/** A wrong clock, by a file that the library reads at every look at the time. */
export class FakedClock implements Disposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-clock-"));
  readonly #file: string = join(this.#dir, "clock");
  /** For the process, with {@link FAKETIME} preloaded. */
  readonly env: Readonly<Record<string, string>> = {
    FAKETIME_TIMESTAMP_FILE: this.#file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // A file's time is what the disk says.
    NO_FAKE_STAT: "1",
  };

  constructor(offSeconds = 0) {
    this.set(offSeconds);
  }

  /** Also while the process runs. */
  set(offSeconds: number): void {
    writeFileSync(this.#file, `${offSeconds < 0 ? "" : "+"}${offSeconds}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
