/** Top-ups from every host at once: one that is dead or lies neither blocks nor weakens the others. */
import { toHex } from "@bootseed/protocol";
import { type HostFolder, hostFolders, type LastDelivery } from "./host-folder.ts";
import { pull } from "./pull.ts";
import { refusalCode } from "./refusal.ts";
import type { World } from "./world.ts";

/** What came of one host; `skipped`: not due, or not enrolled there. */
export type TopUp =
  | { readonly hostId: string; readonly outcome: "delivered"; readonly delivery: LastDelivery }
  | { readonly hostId: string; readonly outcome: "skipped"; readonly why: "not due" | "not enrolled" }
  | { readonly hostId: string; readonly outcome: "failed"; readonly code: string; readonly message: string };

/**
 * @param now false: only hosts whose interval has passed
 * @returns one entry per host, in the order of their ids; never throws for what one host did
 */
export async function topUpAll(world: World, stateDir: string, now: boolean): Promise<TopUp[]> {
  return Promise.all(hostFolders(world, stateDir).map((folder) => topUp(world, folder, now)));
}

/** One host: the delivery, or the refusal counted, in topup.json. */
export async function topUp(world: World, folder: HostFolder, now: boolean): Promise<TopUp> {
  const hostId = toHex(folder.hostId);
  try {
    if (!folder.enrolled) return { hostId, outcome: "skipped", why: "not enrolled" };
    if (!now && !folder.due()) return { hostId, outcome: "skipped", why: "not due" };
    const delivery = await pull(world, folder);
    folder.keepNotes({ ...folder.notes(), last: delivery });
    return { hostId, outcome: "delivered", delivery };
  } catch (error) {
    return { hostId, outcome: "failed", ...failed(world, folder, error) };
  }
}

/** Counts a refusal and says it; what is no refusal is only said. */
export function failed(world: World, folder: HostFolder, error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  const refused = refusalCode(error);
  const code = refused ?? errorCode(error);
  world.say(`${toHex(folder.hostId)}: ${refused === null ? "" : `refused, ${refused}: `}${message}`);
  // A damaged file was counted when it was put aside.
  if (refused !== null && !(refused.startsWith("state-") && folder.notes()[refused] !== undefined)) {
    try {
      folder.count(refused);
    } catch (cause) {
      world.say(`cannot write ${folder.path}/topup.json: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  return { code, message };
}

/** Node's own codes and those of BootseedError. */
function errorCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "failed";
}
