/** The repository's own program in a folder of its own, so that a stack's configuration is not written into the clone. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes `dir` a Pulumi project that runs the program of `root`: the same Pulumi.yaml, everything else by link.
 *
 * @param root the clone
 * @param dir made if absent; the engine will keep `Pulumi.STACK.yaml` here
 */
export function linkProject(root: string, dir: string): void {
  mkdirSync(dir, { recursive: true });
  copyFileSync(join(root, "Pulumi.yaml"), join(dir, "Pulumi.yaml"));
  for (const folder of ["seeder", "node_modules"]) symlinkSync(join(root, folder), join(dir, folder));
}
