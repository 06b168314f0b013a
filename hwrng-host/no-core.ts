/**
 * Keeps this process's memory out of core dumps. `LimitCORE=0` in a unit is not enough: a handler behind a pipe in
 * core_pattern gets the whole core whatever the limit says, and decides by itself what it keeps; and who starts the
 * service by hand has no unit. The kernel asks this mask for each mapping, however the dump is made (core(5)).
 */
import { writeFileSync } from "node:fs";

/** No kind of mapping at all. What remains in a core are the registers and the list of mapped files. */
const NOTHING = "0";

/** Children inherit it. Where there is no such file (not Linux, a strange container) nothing can be done and nothing is claimed. */
export function keepMemoryOutOfCores(write: typeof writeFileSync = writeFileSync): void {
  try {
    write("/proc/self/coredump_filter", NOTHING);
  } catch {
    // Not worth refusing service.
  }
}
