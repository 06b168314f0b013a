/** Builds the npm package `bootseed` from seeder/ and protocol/ into a folder. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache.ts";
import { writeBundles } from "./bundle.ts";
import { writeDeclarations } from "./declarations.ts";
import { publishedManifest } from "./manifest.ts";

/** What is shipped as it is. The kit's other files are made from the same sources and are for the tests. */
const COPIED: readonly (readonly [from: string, to: string])[] = [
  ["LICENSE", "LICENSE"],
  ["seeder/README.md", "README.md"],
  ["seeder/kit/hook.sh", "kit/hook.sh"],
  ["seeder/kit/kit.b94", "kit/kit.b94"],
  ["seeder/plugin/PulumiPlugin.yaml", "plugin/PulumiPlugin.yaml"],
];

const writeJson = (file: string, value: unknown): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/**
 * @param out an empty folder
 * @throws {Error} with the words of esbuild or tsc
 */
export async function buildPackage(out: string): Promise<void> {
  for (const folder of ["dist/types", "kit", "plugin"]) mkdirSync(join(out, folder), { recursive: true });
  const manifest = publishedManifest();
  const { name, version } = manifest;
  writeJson(join(out, "package.json"), manifest);
  // The language host asks the plugin's folder for one.
  writeJson(join(out, "plugin/package.json"), { name: `${name}-plugin`, version, private: true, main: "index.js" });
  for (const [from, to] of COPIED) copyFileSync(join(ROOT, from), join(out, to));
  await Promise.all([writeBundles(out), writeDeclarations(join(out, "dist/types"))]);
}
