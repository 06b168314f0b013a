/**
 * Where there is no official language host or provider: executables that start our stand-ins, under the names by which
 * the engine looks for plugins on PATH.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The plugins that can be stood in for, and the program behind each. */
const PLUGINS = {
  languageHost: "language-nodejs",
  provider: "resource-digitalocean",
  command: "resource-command",
} as const;
const PROGRAMS = { languageHost: "language-host.mjs", provider: "provider.mjs", command: "command.mjs" } as const;

export type StandIn = keyof typeof PLUGINS;

/**
 * Writes `pulumi-language-nodejs`, `pulumi-resource-digitalocean` and `pulumi-resource-command`, or some of them, into `binDir`.
 *
 * @param binDir folder that will be on PATH; made if absent
 * @param node absolute path of the Node ≥ 22.18 that runs them
 * @param which the stand-ins that are needed; leave out what is official
 *
 * @example writeStandIns("/repo/.cache/engine/bin", process.execPath, ["languageHost", "provider"]);
 */
export function writeStandIns(binDir: string, node: string, which: readonly StandIn[]): void {
  mkdirSync(binDir, { recursive: true });
  for (const part of which) {
    const program = join(import.meta.dirname, "standins", PROGRAMS[part]);
    const file = join(binDir, `pulumi-${PLUGINS[part]}`);
    writeFileSync(file, `#!/bin/sh\n# stand-in, written by bootseed's set-up\nexec '${node}' '${program}' "$@"\n`);
    chmodSync(file, 0o755);
  }
}
