/** `bootseed-host status`: what the running service says of itself. */
import { statusAnswerSchema } from "@bootseed/protocol";
import { loadConfig } from "../config/load.ts";
import { MintClient } from "../mint/client.ts";

export type StatusOptions = { readonly config: string; readonly json: boolean };

/** @returns text for the terminal, and whether anything can be minted now @throws HostError "unreachable" */
export async function status({ config, json }: StatusOptions): Promise<{ text: string; healthy: boolean }> {
  const client = new MintClient(loadConfig(config).listen.mint);
  const answer = await client.get("/v1/status", statusAnswerSchema);
  if (json) return { text: `${JSON.stringify(answer)}\n`, healthy: answer.healthy };
  const sources = answer.sources.map(({ name, class: kind, identity, healthy, reason, minEntropyBits }) => {
    const state = healthy ? "healthy" : `NOT HEALTHY: ${reason}`;
    return `  ${name} (${identity}, ${kind}, ${minEntropyBits} bits per byte): ${state}`;
  });
  const verdict = answer.healthy ? "mints" : "MINTS NOTHING";
  return { text: [`host ${answer.hostId}: ${verdict}`, ...sources, ""].join("\n"), healthy: answer.healthy };
}
