/** From the config's source list to drivers. */
import { existsSync, readFileSync } from "node:fs";
import type { Config, SourceConfig } from "../config/schema.ts";
import { EXIT, HostError } from "../host-error.ts";
import { ignoredClass } from "./classify.ts";
import { HwrngDriver } from "./hwrng.ts";
import type { SourceDriver } from "./source.ts";
import { SystemDriver } from "./system.ts";

const DEFAULT_HWRNG = {
  driver: "hwrng",
  device: "/dev/hwrng",
  rngCurrent: "/sys/class/misc/hw_random/rng_current",
  minEntropyBits: 4,
} as const;
const SYSTEM = { driver: "system", minEntropyBits: 8 } as const;

/**
 * The sources to use. Without `sources` in the config that is /dev/hwrng; where there is none, and only with
 * `allowChained`, the system generator. A device that the config names is never replaced by another.
 * @param exists whether a path is there
 */
export function sourceConfigs(
  config: Pick<Config, "sources" | "allowChained">,
  exists: (path: string) => boolean = existsSync,
): readonly SourceConfig[] {
  if (config.sources !== undefined) return config.sources;
  return exists(DEFAULT_HWRNG.device) || !config.allowChained ? [DEFAULT_HWRNG] : [SYSTEM];
}

/**
 * At the start, while an operator looks: a device that changes later is classified by its own name.
 *
 * @throws HostError "bad-config" for a `class` that would be ignored, since the device is known to be less
 */
export function requireClass(source: SourceConfig): void {
  if (source.driver !== "hwrng" || source.class === undefined || !existsSync(source.rngCurrent)) return;
  const device = readFileSync(source.rngCurrent, "utf8").trim();
  const known = ignoredClass(device, source.class);
  if (known === null) return;
  const message = `sources: class: ${source.class} would be ignored: ${device} is known to be ${known}`;
  const fix = "leave `class` out: it is for devices that this program does not know, or lowers a known one";
  throw new HostError("bad-config", message, fix, EXIT.config);
}

export function buildDriver(source: SourceConfig): SourceDriver {
  return source.driver === "hwrng" ? new HwrngDriver(source) : new SystemDriver(source.minEntropyBits);
}
