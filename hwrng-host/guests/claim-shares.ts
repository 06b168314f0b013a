/** Who pays for the answer to a claim, from which share. */
import { toHex } from "@bootseed/protocol";
import type { ClaimInput, ClaimStanding } from "../store/store.ts";
import type { Rate } from "./allowance.ts";

/** The machine that won: its answer may have been lost any number of times. */
export const HOLDER: Rate = { burst: 8, seconds: 10 };
/** One identity on one instance: 8 a day. */
const ASKER: Rate = { burst: 8, seconds: 10_800 };
/** All askers of one seed, who may call themselves anything. */
const SEED: Rate = { burst: 256, seconds: 60 };

/** When to come back: a claim may become final at any moment once the instance id is known. */
const RETRY: Record<"holder" | "proven" | "own" | "unbound" | "other", string> = {
  holder: "10",
  proven: "3600",
  own: "60",
  unbound: "60",
  other: "3600",
};

type Asking = Pick<ClaimInput, "seedId" | "identityPk" | "instanceId">;

/**
 * Machines with the instance id that the seed is bound to share one allowance, all others another: who may not win can
 * take nothing from the one who may.
 *
 * @returns the shares of {@link Allowances.take}, and Retry-After when one is used up
 */
export function sharesOf(
  { seedId, identityPk, instanceId }: Asking,
  kind: Exclude<ClaimStanding["kind"], "unknown" | "revoked">,
): { shares: { key: string; rate: Rate }[]; retryAfter: string } {
  const seed = `${toHex(seedId)} ${kind}`;
  if (kind === "holder") return { shares: [{ key: seed, rate: HOLDER }], retryAfter: RETRY.holder };
  const asker = `${seed} ${toHex(identityPk)} ${instanceId}`;
  const shares = [
    { key: asker, rate: ASKER },
    { key: seed, rate: SEED },
  ];
  return { shares, retryAfter: RETRY[kind] };
}
