/** Top-ups from every host at once: one that is dead or lies neither blocks nor weakens the others. */
import { toHex } from "@bootseed/protocol";
import type { LastDelivery, Notes } from "./counts.ts";
import { type HostFolder, hostFolders } from "./host-folder.ts";
import { pull } from "./pull.ts";
import { codeOf, messageOf, Refusal, refusalCode } from "./refusal.ts";
import type { World } from "./world.ts";

/** What came of one host; `skipped`: not due. */
export type TopUp =
  | { readonly hostId: string; readonly outcome: "delivered"; readonly delivery: LastDelivery }
  | { readonly hostId: string; readonly outcome: "skipped"; readonly why: "not due" }
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
    if (!now && !folder.due()) return { hostId, outcome: "skipped", why: "not due" };
    folder.putAside();
    if (!folder.enrolled) throw new Refusal("not enrolled", "no certificate of this host: join it");
    checkInstance(world, folder);
    const delivery = await pull(world, folder);
    keepLast(world, folder, delivery);
    return { hostId, outcome: "delivered", delivery };
  } catch (error) {
    return { hostId, outcome: "failed", ...failed(world, folder, error) };
  }
}

/** Notes a delivery; where topup.json cannot be read it is not replaced, and the delivery counts all the same. */
export function keepLast(world: World, folder: HostFolder, last: LastDelivery): void {
  let notes: Notes;
  try {
    notes = folder.notes();
  } catch (error) {
    world.say(`not noted: cannot read ${folder.path}/topup.json: ${messageOf(error)}`);
    return;
  }
  folder.keepNotes({ ...notes, last });
}

/** A copy of another machine's disk must not speak for it. @throws Refusal "instance" */
export function checkInstance({ instanceIds }: World, folder: HostFolder): void {
  const other = folder.otherInstance();
  if (other === null) return;
  const whose = `enrolment belongs to another instance (SHA-256 ${other}…), of which this disk is a copy`;
  const advice = "run `bootseed-agent generalize`, or join again";
  throw new Refusal("instance", `${whose}; this is ${instanceIds?.join(", ")}: ${advice}`);
}

/** Counts a refusal and says it; what is no refusal is only said. */
export function failed(world: World, folder: HostFolder, error: unknown): { code: string; message: string } {
  const message = messageOf(error);
  const refused = refusalCode(error);
  world.say(`${toHex(folder.hostId)}: ${refused === null ? "" : `refused, ${refused}: `}${message}`);
  // A damaged file was counted when it was put aside; that one is gone, or never came, is no host's doing.
  if (refused !== null && !refused.startsWith("state-") && refused !== "not enrolled") {
    try {
      folder.count(refused);
    } catch (cause) {
      world.say(`cannot write ${folder.path}/topup.json: ${messageOf(cause)}`);
    }
  }
  return { code: refused ?? codeOf(error), message };
}
