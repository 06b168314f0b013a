/** `bootseed-host statement --behind`: VMs that may still know only an old address, pin or key of this host. */
import { statusAnswerSchema, type Vm, vmsAnswerSchema } from "@bootseed/protocol";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError } from "../host-error.ts";
import { isBehind } from "../mint/behind.ts";
import { MintClient } from "../mint/client.ts";
import { pendingOf } from "./pending.ts";

const serialSchema = z.number().int().catch(0);

/**
 * @returns text for the terminal: one line for each VM, oldest statement first
 * @throws HostError "unreachable"; "conflict" while a newer statement is signed and not in force: no VM can have it
 */
export async function behind({ config, json }: { readonly config: string; readonly json: boolean }): Promise<string> {
  const client = new MintClient(loadConfig(config).listen.mint);
  const { reload } = await pendingOf(client);
  if (reload.length > 0)
    throw new HostError("conflict", reload.join("; "), "first: bootseed-host reload", EXIT.unavailable);
  const [status, { vms }] = await Promise.all([
    client.get("/v1/status", statusAnswerSchema),
    client.get("/v1/vms", vmsAnswerSchema),
  ]);
  const serial = serialSchema.parse(status["statementSerial"]);
  const now = Math.floor(Date.now() / 1000);
  const held = ({ statementSerial }: Vm): number => statementSerial ?? 0;
  const found = vms
    .filter((vm) => isBehind(vm, serial, now))
    .toSorted((a, b) => held(a) - held(b) || (a.name < b.name ? -1 : 1));
  if (json) {
    const rows = found.map(({ name, stack, seedId, claimedAt, statementSerial = null, lastTopUp }) => {
      return { name, stack, seedId, claimedAt, statementSerial, lastTopUpAt: lastTopUp?.at ?? null };
    });
    return `${JSON.stringify({ schema: 1, serial, vms: rows })}\n`;
  }
  if (found.length === 0) return `every enrolled VM holds statement ${serial}, the newest\n`;
  return [
    `the newest statement is ${serial}; ${found.length} of ${vms.length} VMs were not yet seen with it:`,
    ...found.map(rowOf),
    "A VM gets it with its next packet, and shows it with the one after that. Until then keep the old address open.",
    "",
  ].join("\n");
}

function rowOf({ name, seedId, claimedAt, statementSerial, lastTopUp }: Vm): string {
  if (claimedAt === null) return `${name} (${seedId}): has not claimed its seed, dials the address in its user-data`;
  const holds = (statementSerial ?? null) === null ? "no packet yet" : `holds statement ${statementSerial}`;
  return `${name} (${seedId}): ${holds}, last top-up ${lastTopUp === null ? "never" : iso(lastTopUp.at)}`;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
