/** `bootseed-host push`: where the service dials VMs that cannot ask for themselves. */
import { vmsAnswerSchema } from "@bootseed/protocol";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError } from "../host-error.ts";
import { MintClient } from "../mint/client.ts";
import { onlyVm } from "../mint/only-vm.ts";
import { type PushAnswer, pushAddress, pushAnswerSchema, pushSetSchema } from "../mint/push.ts";
import { configOption } from "./follow-up.ts";
import { typed } from "./typed.ts";

const clientOf = (config: string): MintClient => new MintClient(loadConfig(config).listen.mint);
const target = z.object({ address: pushAddress.nullable() });

export type PushOptions = { readonly config: string; readonly json: boolean; readonly off: boolean };

/**
 * Lists, or sets one VM's address and begins anew.
 *
 * @param vm name or seedId; absent: list
 * @param address host:port; absent with `off`: no longer dialled
 * @returns text for the terminal
 * @throws HostError "usage", "unreachable", or what the service says
 */
export async function push(vm: string | undefined, address: string | undefined, options: PushOptions): Promise<string> {
  const { json, off } = options;
  if (vm === undefined) {
    const answer = await clientOf(options.config).get("/v1/push", pushAnswerSchema);
    return json ? `${JSON.stringify(answer)}\n` : list(answer, configOption(options.config));
  }
  if ((address === undefined) !== off) {
    const fix = `\`bootseed-host push ${vm} HOST:PORT\` sets it, \`bootseed-host push ${vm} --off\` ends it`;
    throw new HostError("usage", "expected an address or --off, one of the two", fix, EXIT.usage);
  }
  const at = `push ${vm} ${address}`;
  typed(target, { address: address ?? null }, { address: { typed: at, example: `push ${vm} 203.0.113.9:7444` } });
  const client = clientOf(options.config);
  const { vms } = await client.get("/v1/vms", vmsAnswerSchema);
  const { seedId, name } = onlyVm(vms, vm);
  await client.post("/v1/push", { seedId, address: address ?? null }, pushSetSchema);
  if (json) return `${JSON.stringify({ schema: 1, seedId, name, address: address ?? null })}\n`;
  return address === undefined ? `${name} is no longer dialled\n` : `${name} is dialled at ${address} from now on\n`;
}

function list({ vms, counters }: PushAnswer, option: string): string {
  if (vms.length === 0) return `no VM is dialled: bootseed-host push VM HOST:PORT${option} sets one\n`;
  const rows = vms.map(({ name, seedId, address, nextAt, failures, staleAt }) => {
    const state = staleAt === null ? `next ${iso(nextAt)}, ${failures} failures` : `STALE since ${iso(staleAt)}`;
    return `${name} (${seedId}) at ${address}: ${state}`;
  });
  const totals = Object.entries(counters).map(([what, count]) => `${what} ${count}`);
  return [...rows, `since the start: ${totals.join(", ") || "nothing yet"}`, ""].join("\n");
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
