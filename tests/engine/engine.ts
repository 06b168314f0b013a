/** Where these tests get their engine from: the set-up's, or a folder named for development. */
import { join } from "node:path";
import { ensureEngine } from "../../tools/setup/engine.ts";

/** @returns folder with `pulumi` and its plugins */
export async function engineBin(): Promise<string> {
  const override = process.env["BOOTSEED_ENGINE_BIN"];
  return override ?? (await ensureEngine()).bin;
}

/** The repository: its Pulumi.yaml is the program under test. */
export const ROOT: string = join(import.meta.dirname, "..", "..");
