/** What the running service has not taken over yet. */
import { EXIT, HostError } from "../host-error.ts";
import type { MintClient } from "../mint/client.ts";
import { type Pending, pendingSchema } from "../server/reload.ts";

/** @returns nothing pending where the service is older than this program and does not tell @throws HostError "unreachable" */
export async function pendingOf(client: MintClient): Promise<Pending> {
  try {
    return await client.get("/v1/reload", pendingSchema);
  } catch (error) {
    if (error instanceof HostError && error.exit === EXIT.usage) return { reload: [], config: [] };
    throw error;
  }
}
