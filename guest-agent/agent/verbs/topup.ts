/** `topup`: one delivery from every host. */
import { BootseedError, toHex } from "@bootseed/protocol";
import { EXIT, exitForCode } from "../exit.ts";
import { hostFolders } from "../host-folder.ts";
import { STATE_DIR } from "../machine.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { type TopUp, topUpAll } from "../topup.ts";
import type { Context } from "./context.ts";
import { onlyLooking, unless } from "./look.ts";

/** @returns exit code: the first failure's, 0 when every host delivered or was not due */
export async function topup(context: Context, args: string[]): Promise<number> {
  const { now, due } = parseOptions(args, { now: "boolean", due: "boolean" });
  if (now === true && due === true) throw new BootseedError("usage", "topup: --now or --due, not both");
  // Most runs of the timer end here: who only looks needs no lock.
  if (due === true && noneDue(context)) return EXIT.ok;
  const unlock = context.lock();
  try {
    const hosts = await topUpAll(context.world, STATE_DIR, due !== true);
    if (context.json) printJson({ hosts });
    else printLines(hosts.length === 0 ? ["no host is known here: bootseed-agent join"] : hosts.map(told));
    if (hosts.length === 0) return due === true ? EXIT.ok : EXIT.data;
    const failure = hosts.find((host) => host.outcome === "failed");
    return failure === undefined ? EXIT.ok : exitForCode(failure.code);
  } finally {
    unlock();
  }
}

/** Tells so, too. */
function noneDue({ world, json }: Context): boolean {
  const folders = hostFolders(onlyLooking(world), STATE_DIR);
  if (folders.length === 0 || folders.some((folder) => unless(() => folder.due(), true))) return false;
  const skipped = folders.map(({ hostId }): TopUp => ({ hostId: toHex(hostId), outcome: "skipped", why: "not due" }));
  if (json) printJson({ hosts: skipped });
  else printLines(skipped.map(told));
  return true;
}

function told(host: TopUp): string {
  switch (host.outcome) {
    case "delivered": {
      const { counter, rcMix, rcReseed, receipt } = host.delivery;
      const mixed = rcMix === 0 && rcReseed === 0 ? "mixed and reseeded" : `not mixed: codes ${rcMix}, ${rcReseed}`;
      return `${host.hostId}: delivery ${counter}, ${mixed}${receipt === 204 ? "" : ", receipt lost"}`;
    }
    case "skipped":
      return `${host.hostId}: ${host.why}`;
    case "failed":
      return `${host.hostId}: no delivery: ${host.code}: ${host.message}`;
    default:
      return host satisfies never;
  }
}
