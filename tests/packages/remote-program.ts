/** A program that knows the component by its token only, as a generated SDK does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeProject } from "./installed.ts";

/** Plain JavaScript: the token, the inputs, the outputs that will come, and `true` for "made elsewhere". */
export const REMOTE_CLASS = `
import * as pulumi from "@pulumi/pulumi";

const OUTPUTS = ["knownHosts", "sshHostKeys", "seedId", "verdict", "evidenceJson", "dropletId", "ipv4Address"];
class RemoteDroplet extends pulumi.ComponentResource {
  constructor(name, args, opts) {
    const outputs = Object.fromEntries(OUTPUTS.map((output) => [output, undefined]));
    super("bootseed:index:SeededDroplet", name, { ...outputs, ...args }, opts, true);
  }
}
`;

/** Where npm put the plugin. */
export const pluginIn = (installed: string): string => join(installed, "node_modules/bootseed/plugin");

/**
 * @param installed from `installedProject`
 * @param program what follows the class
 * @returns writes the project, with the plugin's folder in its Pulumi.yaml, as `pulumi package add` does
 */
export const remoteProject =
  (installed: string, program: string) =>
  (dir: string): void => {
    writeProject(dir, installed, { program: REMOTE_CLASS + program, language: "esm" });
    const yaml = join(dir, "Pulumi.yaml");
    const plugins = `plugins:\n  providers:\n    - name: bootseed\n      path: ${pluginIn(installed)}\n`;
    writeFileSync(yaml, readFileSync(yaml, "utf8") + plugins);
  };
