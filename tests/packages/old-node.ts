/** The oldest Node that the package runs on, fetched as a package of the registry like the one of the workspace. */
import { execa } from "execa";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { artifact } from "../../tools/cache.ts";

/** The last of its line; the SDK itself (3.270) asks for Node ≥ 22. */
const VERSION = "22.23.3";

/** @returns the folder with `node`, or undefined where it cannot be had */
export async function node22(): Promise<string | undefined> {
  const name = `node-linux-${process.arch}`;
  try {
    const dir = await artifact({
      name: "node22",
      recipe: [name, VERSION],
      build: async (target) => {
        const args = [
          "install",
          "--no-audit",
          "--no-fund",
          "--ignore-scripts",
          "--prefix",
          target,
          `${name}@${VERSION}`,
        ];
        await execa("npm", args, { stdin: "ignore", timeout: 180_000 });
      },
    });
    const bin = join(dir, "node_modules", name, "bin");
    return existsSync(join(bin, "node")) ? bin : undefined;
  } catch {
    return undefined;
  }
}
