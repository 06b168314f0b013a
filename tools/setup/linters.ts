import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { artifact, type Progress } from "../cache.ts";

const REQUIREMENTS = join(import.meta.dirname, "linters.txt");

/** ruff and mypy, pinned, in a venv that sees Debian's python3-cryptography. Returns its python: use `-m ruff`, `-m mypy`. */
export async function ensureLinters(progress: Progress = () => undefined): Promise<string> {
  const dir = await artifact(
    {
      name: "linters",
      recipe: [readFileSync(REQUIREMENTS, "utf8")],
      build: async (target) => {
        await execa("/usr/bin/python3", ["-m", "venv", "--system-site-packages", target], { stdin: "ignore" });
        const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS];
        await execa(join(target, "bin/python3"), pip, { stdin: "ignore" });
      },
    },
    progress,
  );
  return join(dir, "bin/python3");
}
