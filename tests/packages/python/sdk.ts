/** The official Python SDK in a venv, and a language host for it. */
import { execa } from "execa";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifact, ROOT } from "../../../tools/cache.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** @returns the venv's python, or undefined where the SDK cannot be had */
export async function pythonSdk(): Promise<string | undefined> {
  try {
    const dir = await artifact({
      name: "python-sdk",
      recipe: [readFileSync(REQUIREMENTS, "utf8")],
      build: async (target) => {
        await execa("python3", ["-m", "venv", target], { stdin: "ignore" });
        const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS];
        await execa(join(target, "bin/python3"), pip, { stdin: "ignore", timeout: 240_000 });
      },
    });
    return join(dir, "bin/python3");
  } catch {
    return undefined;
  }
}

/** Writes `pulumi-language-python` into `bin`: the stand-in, which starts the program with this SDK. */
export function writePythonHost(bin: string, python: string): void {
  mkdirSync(bin, { recursive: true });
  const node = join(ROOT, "node_modules/.bin/node");
  const host = join(ROOT, "tools/pulumi/standins/language-host.mjs");
  const file = join(bin, "pulumi-language-python");
  const runner = join(import.meta.dirname, "runner.py");
  writeFileSync(file, `#!/bin/sh\nexec '${node}' '${host}' --python '${python}' '${runner}' "$@"\n`);
  chmodSync(file, 0o755);
}
