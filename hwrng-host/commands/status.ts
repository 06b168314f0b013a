/** `bootseed-host status`: what the running service says of itself. */
import { type SourceStatus, type StatusAnswer, statusAnswerSchema } from "@bootseed/protocol";
import { z } from "zod";
import { type BackupRecord, lastBackup, rootLacksBackup } from "../backup/record.ts";
import { loadConfig } from "../config/load.ts";
import { MintClient } from "../mint/client.ts";
import { withConfig } from "./follow-up.ts";
import { pendingOf } from "./pending.ts";

const whole = z.number().int().min(0).catch(0);
const countsSchema = z.object({ vms: whole, behind: whole, statementSerial: whole });

export type StatusOptions = { readonly config: string; readonly json: boolean };

/** @returns text for the terminal, and whether anything can be minted now @throws HostError "unreachable" */
export async function status({ config, json }: StatusOptions): Promise<{ text: string; healthy: boolean }> {
  const { stateDir, listen } = loadConfig(config);
  const client = new MintClient(listen.mint);
  const answer = await client.get("/v1/status", statusAnswerSchema);
  const { reload, config: gaps } = await pendingOf(client);
  const backup = backupOf(stateDir);
  const backedUpAt = backup === null ? null : backup?.at;
  const rootIsNewerThanBackup = backup?.rootIsNewer;
  if (json)
    return {
      text: `${JSON.stringify({ ...answer, backedUpAt, rootIsNewerThanBackup, pending: { reload, config: gaps } })}\n`,
      healthy: answer.healthy,
    };
  const sources = answer.sources.map(sourceLine);
  const verdict = answer.healthy ? "mints" : "MINTS NOTHING";
  const refused = Object.entries(z.record(z.string(), z.number()).catch({}).parse(answer["refusals"]));
  const refusals = refused.map(([what, count]) => `${what} ${count}`).join(", ") || "none";
  const pending = [
    ...reload.map((line) => `  RELOAD PENDING: ${line}: bootseed-host reload`),
    ...gaps.map((line) => `  CONFIG NOT IN FORCE: ${line}`),
  ].map((line) => withConfig(line, config));
  const rest = [
    ...pending,
    ...vmsLine(answer, config),
    `  refused since the start: ${refusals}`,
    `  ${withConfig(backupLine(backup), config)}`,
  ];
  return { text: [`host ${answer.hostId}: ${verdict}`, ...sources, ...rest, ""].join("\n"), healthy: answer.healthy };
}

/** `bytesRead` and `bytesPerSecond` are what the device gave before conditioning, while it was read. */
function sourceLine({ bytesRead, bytesPerSecond, ...source }: SourceStatus): string {
  const { name, class: kind, identity, healthy, reason, minEntropyBits } = source;
  const state = healthy ? "healthy" : `NOT HEALTHY: ${reason}`;
  const rate = (bytesPerSecond ?? null) === null ? "" : ` at ${bytesPerSecond} bytes/s`;
  const read = bytesRead === undefined ? "" : `; ${bytesRead} bytes read${rate}`;
  return `  ${name} (${identity}, ${kind}, ${minEntropyBits} bits per byte): ${state}${read}`;
}

/** Nothing where no VM is known, or the service is older. */
function vmsLine(answer: StatusAnswer, config: string): string[] {
  const { vms, behind, statementSerial } = countsSchema.parse(answer);
  if (vms === 0) return [];
  if (behind === 0) return [`  ${vms} VMs, statement ${statementSerial}`];
  const list = withConfig("bootseed-host statement --behind", config);
  return [`  ${vms} VMs, ${behind} not yet seen with statement ${statementSerial}, the newest: ${list}`];
}

type Backup = BackupRecord & { readonly rootIsNewer: boolean };

/** null: never; undefined: this user may not look. */
function backupOf(stateDir: string): Backup | null | undefined {
  try {
    const last = lastBackup(stateDir);
    const rootIsNewer = rootLacksBackup(stateDir, "current") || rootLacksBackup(stateDir, "next");
    return last === null ? null : { ...last, rootIsNewer };
  } catch {
    return undefined;
  }
}

const MAKE_ONE = "bootseed-host backup --recipient age1… --out FILE";

function backupLine(backup: Backup | null | undefined): string {
  if (backup === undefined) return "last backup: only root and the service's user may see that";
  if (backup === null) return `NEVER BACKED UP: ${MAKE_ONE}`;
  const time = new Date(backup.at * 1000).toISOString();
  return backup.rootIsNewer ? `LAST BACKUP IS OLDER THAN THE ROOT (${time}): ${MAKE_ONE}` : `last backup ${time}`;
}
