/** Where these tests get their engine from. */
import { join } from "node:path";
import { ensureEngine } from "../../tools/setup/engine.ts";

/** @returns folder with `pulumi` and its plugins */
export async function engineBin(): Promise<string> {
  return (await ensureEngine()).bin;
}

/** The repository: its Pulumi.yaml is the program under test. */
export const ROOT: string = join(import.meta.dirname, "..", "..");
