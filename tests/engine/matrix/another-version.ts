/** The same program with another version of us: copies in place of the links, and another kit in the user-data. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../engine.ts";

const PROGRAMS = "tests/engine/programs";

/** @param project the folder of a workbench's project */
export function upgrade(project: string): void {
  for (const folder of ["seeder", "tests"]) rmSync(join(project, folder));
  mkdirSync(join(project, PROGRAMS), { recursive: true });
  for (const folder of ["seeder", PROGRAMS])
    cpSync(join(ROOT, folder), join(project, folder), { recursive: true, dereference: true });
  const hook = join(project, "seeder/kit/hook.sh");
  const text = readFileSync(hook, "utf8");
  const next = text.replace("\numask 77\n", "\numask 77\n: another version\n");
  if (next === text) throw new Error(`expected "umask 77" in ${hook}: change another line here`);
  writeFileSync(hook, next);
}
