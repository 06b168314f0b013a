/** `bootseed-host status`: what the running service says of itself. */
import { statusAnswerSchema } from "@bootseed/protocol";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { errnoOf } from "../host-error.ts";
import { BACKED_UP_FILE } from "../identity/keys.ts";
import { MintClient } from "../mint/client.ts";
import { withConfig } from "./follow-up.ts";

export type StatusOptions = { readonly config: string; readonly json: boolean };

/** @returns text for the terminal, and whether anything can be minted now @throws HostError "unreachable" */
export async function status({ config, json }: StatusOptions): Promise<{ text: string; healthy: boolean }> {
  const { stateDir, listen } = loadConfig(config);
  const client = new MintClient(listen.mint);
  const answer = await client.get("/v1/status", statusAnswerSchema);
  const backedUpAt = lastBackup(stateDir);
  if (json) return { text: `${JSON.stringify({ ...answer, backedUpAt })}\n`, healthy: answer.healthy };
  const sources = answer.sources.map(({ name, class: kind, identity, healthy, reason, minEntropyBits }) => {
    const state = healthy ? "healthy" : `NOT HEALTHY: ${reason}`;
    return `  ${name} (${identity}, ${kind}, ${minEntropyBits} bits per byte): ${state}`;
  });
  const verdict = answer.healthy ? "mints" : "MINTS NOTHING";
  const refused = Object.entries(z.record(z.string(), z.number()).catch({}).parse(answer["refusals"]));
  const refusals = refused.map(([what, count]) => `${what} ${count}`).join(", ") || "none";
  const rest = [`  refused since the start: ${refusals}`, `  ${withConfig(backupLine(backedUpAt), config)}`];
  return { text: [`host ${answer.hostId}: ${verdict}`, ...sources, ...rest, ""].join("\n"), healthy: answer.healthy };
}

/** Seconds since 1970; null: never; undefined: this user may not look. */
function lastBackup(stateDir: string): number | null | undefined {
  try {
    return Number(readFileSync(join(stateDir, BACKED_UP_FILE), "utf8"));
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? null : undefined;
  }
}

function backupLine(at: number | null | undefined): string {
  if (at === undefined) return "last backup: only root and the service's user may see that";
  if (at === null) return "NEVER BACKED UP: bootseed-host backup --recipient age1… --out FILE";
  return `last backup ${new Date(at * 1000).toISOString()}`;
}
