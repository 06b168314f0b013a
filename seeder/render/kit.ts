/** The packed first-boot kit that lies beside this package. `npm run kit` writes it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BootseedError } from "@bootseed/protocol";
import type { Kit } from "./render.ts";

const FOLDER = join(import.meta.dirname, "..", "kit");

/**
 * @param folder with `hook.sh` and `kit.b94`
 * @throws BootseedError "not-found" when the kit was never packed
 */
export function loadKit(folder: string = FOLDER): Kit {
  try {
    return {
      hook: readFileSync(join(folder, "hook.sh"), "utf8"),
      packed: readFileSync(join(folder, "kit.b94"), "utf8"),
    };
  } catch (cause) {
    throw new BootseedError("not-found", `the first-boot kit is not in ${folder}: run npm run kit`, { cause });
  }
}
