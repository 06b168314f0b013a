/** The guests under drill. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAgent } from "../../guest-agent/agent/build.ts";
import { INJECTOR } from "./fault.ts";
import { KIT_PROGRAM, type Program } from "./kit-program.ts";

const HELPER = join(import.meta.dirname, "../../guest-agent/agent/helper/bootseed-mix.c");

/** The bundle as it is shipped; its helper from the same source, but linked so that faults can be injected into it. */
async function agent(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), "bootseed-agent-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const bundle = await buildAgent(folder);
  if (INJECTOR) execFileSync("gcc", ["-std=gnu11", "-O2", "-o", join(folder, "bootseed-mix"), HELPER]);
  const node = (root: string, ...words: string[]): string[] => [process.execPath, bundle, ...words, "--root", root];
  return {
    name: "agent",
    topUp: (root) => node(root, "topup"),
    timer: (root) => node(root, "topup", "--due"),
  };
}

export const AGENT_PROGRAM: Program = await agent();

export const PROGRAMS: readonly Program[] = [KIT_PROGRAM, AGENT_PROGRAM];
