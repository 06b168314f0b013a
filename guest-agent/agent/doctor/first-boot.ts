/** Whether the SSH host keys were made after a seed: at the first boot by the kit, or later by a join. */
import { readdirSync, statSync } from "node:fs";
import type { Machine } from "../machine.ts";
import { ASIDE } from "../new-host-keys.ts";
import { type Check, ok, warn } from "./check.ts";

export function firstBoot(machine: Machine): Check {
  const name = "first boot";
  const found = machine.verdict();
  const before = (found?.["evidence"] as { hostKeysBefore?: unknown } | undefined)?.hostKeysBefore;
  const why =
    found === null
      ? "no verdict: not seeded by the kit at this instance's first boot"
      : `${String(found["verdict"])}, ${String(before)} host keys before the seed, gate ${machine.gate()}`;
  if (found?.["verdict"] === "reseeded" && before === 0) return ok(name, why);
  const since = newKeysSince(machine);
  if (since !== null) return ok(name, `${why}; the host keys were made after the reseed of a join, ${since}`);
  const rebuild = found === null ? "" : ", or rebuild the machine";
  return warn(name, why, `make new host keys: bootseed-agent join --token-file F --new-host-keys${rebuild}`);
}

/** @returns when a join last made all host keys that are there, as UTC; null where one is older */
function newKeysSince(machine: Machine): string | null {
  let names: string[] = [];
  try {
    names = readdirSync(machine.at("/etc/ssh"));
  } catch {
    return null;
  }
  const stamps = names.flatMap((name) => ASIDE.exec(name)?.slice(1) ?? []);
  const since = Math.max(...stamps.map((stamp) => Date.parse(stamp.replace(STAMP, "$1-$2-$3T$4:$5:$6Z"))));
  const keys = machine.hostKeys();
  const made = keys.length > 0 && keys.every((path) => statSync(path).mtimeMs >= since);
  return made && Number.isFinite(since) ? new Date(since).toISOString().replace(".000", "") : null;
}

const STAMP = /^(....)(..)(..)T(..)(..)(..)$/;
