/** `generalize`: before a disk becomes an image, removes what machines made from it must not share. */
import { BootseedError } from "@bootseed/protocol";
import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { EXIT } from "../exit.ts";
import { type Machine, STATE_DIR } from "../machine.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import type { Context } from "./context.ts";

/** They forbid that a seed is ever counted twice, and name no machine. */
const KEPT = "spent";
/** The next boot of every copy would start from the same bytes. */
const RANDOM_SEED = "/var/lib/systemd/random-seed";
const RUN_DIR = "/run/bootseed";

const HINTS = [
  "not removed, but not to be copied either:",
  "  SSH host keys: rm -rf /etc/ssh/ssh_host_* /etc/ssh/bootseed-old-* (the next first boot makes new ones)",
  "  machine-id: truncate -s 0 /etc/machine-id",
  "  cloud-init's copies of user-data: cloud-init clean",
];

export function generalize(context: Context, args: string[]): number {
  const values = parseOptions(args, { yes: "boolean", "dry-run": "boolean" });
  const dryRun = values["dry-run"] === true;
  if (dryRun === (values.yes === true)) {
    const message = "expected --dry-run, to see what would be removed, or --yes, to remove it for good";
    throw new BootseedError("usage", `generalize: ${message}`);
  }
  const unlock = dryRun ? (): void => undefined : context.lock();
  try {
    const found = [...state(context.machine, STATE_DIR), ...state(context.machine, RUN_DIR), RANDOM_SEED].filter(
      (path) => existsSync(context.machine.at(path)),
    );
    if (!dryRun) for (const path of found) remove(context, path);
    const kept = state(context.machine, STATE_DIR, (name) => name === KEPT);
    if (context.json) printJson({ dryRun, removed: found, kept });
    else {
      const verb = dryRun ? "would remove" : "removed";
      printLines([...found.map((path) => `${verb} ${path}`), ...kept.map((path) => `kept ${path}`), ...HINTS]);
    }
    return EXIT.ok;
  } finally {
    unlock();
  }
}

/** Files of a folder and of those in it; the lock itself is held. */
function state(
  machine: Machine,
  folder: string,
  wanted: (name: string) => boolean = (name) => name !== KEPT && name !== "lock",
): string[] {
  const at = machine.at(folder);
  if (!existsSync(at)) return [];
  return readdirSync(at).flatMap((name) => {
    // Of a link only the link: what it points to is not this folder's.
    const info = lstatSync(`${at}/${name}`);
    if (info.isDirectory()) return state(machine, `${folder}/${name}`, wanted);
    return (info.isFile() || info.isSymbolicLink()) && wanted(name) ? [`${folder}/${name}`] : [];
  });
}

/** Secrets are overwritten first: an image keeps what was only unlinked. */
function remove({ machine, world }: Context, path: string): void {
  world.disk.wipe(path);
  rmSync(machine.at(path), { force: true });
}
