/** `bootseed-host reload`: the running service reads its statement, keys, certificate and the config's addresses again. */
import { loadConfig } from "../config/load.ts";
import { MintClient } from "../mint/client.ts";
import { reloadedSchema } from "../server/reload.ts";
import { withConfig } from "./follow-up.ts";

/** @returns text for the terminal @throws HostError "unreachable"; what the service found wrong: everything is as before then */
export async function reload({ config, json }: { config: string; json: boolean }): Promise<string> {
  const client = new MintClient(loadConfig(config).listen.mint);
  const answer = await client.post("/v1/reload", {}, reloadedSchema);
  if (json) return `${JSON.stringify({ schema: 1, ...answer })}\n`;
  const warnings = answer.warnings.map((line) => `WARNING: ${withConfig(line, config)}\n`);
  return `reloaded: the service uses statement ${answer.statementSerial}\n${warnings.join("")}`;
}
