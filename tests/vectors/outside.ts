import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "../../tools/cache.ts";

/**
 * The folder of test vectors that are too large for this repository. They are optional, in CI too: tests over them run where the folder is
 * `$BOOTSEED_VECTORS`, or `../shared/vectors` beside the repository. Prints whether they are used, and where they go.
 *
 * @param name of the folder in it
 * @param what these vectors are and where to get them
 * @returns the folder, or undefined where it is absent
 * @throws {Error} where `BOOTSEED_VECTORS` is set and has no such folder
 */
export function outsideVectors(
  name: string,
  what: string,
  env: NodeJS.ProcessEnv = process.env,
  root: string = ROOT,
): string | undefined {
  const given = env["BOOTSEED_VECTORS"];
  const folder = resolve(given ?? join(root, "../shared/vectors"), name);
  if (existsSync(folder)) {
    console.warn(`used: ${what}, from ${folder}`);
    return folder;
  }
  if (given) throw new Error(`expected ${what} at ${folder}: correct or unset BOOTSEED_VECTORS`);
  console.warn(
    `skipped: optional vectors, ${what}: put them at ${folder}, or set BOOTSEED_VECTORS to the folder that has ${name}/`,
  );
  return undefined;
}
