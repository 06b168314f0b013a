/** `bootseed-host revoke`: ends what a VM is to this host. */
import { vmsAnswerSchema } from "@bootseed/protocol";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { MintClient } from "../mint/client.ts";
import { onlyVm } from "../mint/only-vm.ts";

/** @param vm name or seedId @returns text for the terminal @throws HostError "not-found", "conflict", "unreachable" */
export async function revokeVm(vm: string, options: { config: string; json: boolean }): Promise<string> {
  const client = new MintClient(loadConfig(options.config).listen.mint);
  const { vms } = await client.get("/v1/vms", vmsAnswerSchema);
  const { seedId, name, claimedAt } = onlyVm(vms, vm);
  await client.post(`/v1/vms/${seedId}/revoke`, {}, z.unknown());
  if (options.json) return `${JSON.stringify({ schema: 1, seedId, name, revoked: true })}\n`;
  if (claimedAt === null) return `${name} (${seedId}) is in no list any more: its seed can be claimed no more\n`;
  return `${name} (${seedId}) gets nothing more, and its certificate brings it back no more; a token lets it join anew\n`;
}
