/** libfaketime: a wall clock that is wrong, and changes while a process runs. The monotonic one stays true. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prerequisite } from "../prerequisite.ts";

/** The library for programs with threads. */
export const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Whether clocks can be faked here. */
export const CLOCKS: boolean = prerequisite(existsSync(FAKETIME), "expected libfaketime: apt-get install faketime");

export const HOUR = 3600;
export const DAY: number = 24 * HOUR;

/**
 * Sets the clock of whatever runs with the environment returned, also while it runs.
 * @param dir where the file that says it is
 */
export function fakedClock(dir: string, offSeconds: number): Record<string, string> {
  const file = join(dir, "clock");
  writeFileSync(file, `${offSeconds < 0 ? "" : "+"}${offSeconds}\n`);
  return {
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // A file's time is what the disk says.
    NO_FAKE_STAT: "1",
  };
}
