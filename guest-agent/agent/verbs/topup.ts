/** `topup`: one delivery from every host. */
import { BootseedError } from "@bootseed/protocol";
import { EXIT, exitForCode } from "../exit.ts";
import { STATE_DIR } from "../machine.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { type TopUp, topUpAll } from "../topup.ts";
import type { Context } from "./context.ts";

/** @returns exit code: the first failure's, 0 when every host delivered or was not due */
export async function topup(context: Context, args: string[]): Promise<number> {
  const { now, due } = parseOptions(args, { now: "boolean", due: "boolean" });
  if (now === true && due === true) throw new BootseedError("usage", "topup: --now or --due, not both");
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
