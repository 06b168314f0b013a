import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** @param version such as "3.8" @returns a python3 of that version that pyenv or Debian has put on this machine, or undefined */
export function pyenv(version: string): string | undefined {
  const folder = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  const found = (existsSync(folder) ? readdirSync(folder) : []).find((name) => name.startsWith(`${version}.`));
  const places = [...(found === undefined ? [] : [join(folder, found, "bin/python3")]), `/usr/bin/python${version}`];
  return places.find((place) => existsSync(place));
}
