/** `bootseed-host moved-here`: the state folder is served at this place from now on. */
import { loadConfig } from "../config/load.ts";
import { hostName, loadIdentity } from "../identity/host-identity.ts";
import { takePlace } from "../identity/place.ts";
import { configOption } from "./follow-up.ts";

/** @returns text for the terminal @throws HostError where there is no whole host in the folder */
export function movedHere({ config, json }: { readonly config: string; readonly json: boolean }): string {
  const { stateDir } = loadConfig(config);
  const identity = loadIdentity(stateDir);
  const hostId = hostName(identity);
  identity.close();
  takePlace(stateDir);
  if (json) return `${JSON.stringify({ schema: 1, hostId, stateDir })}\n`;
  return `${stateDir}: host ${hostId} is served here from now on, and nowhere else. Start it: bootseed-host serve${configOption(config)}\n`;
}
