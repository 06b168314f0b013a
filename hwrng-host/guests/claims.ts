/** POST /v1/claims: one winner per seed, and 64 fresh bytes for everyone who holds the seed. */
import {
  claimKeyFor,
  claimSecretFor,
  encodeCertificate,
  encodeClaimAnswer,
  equalConstantTime,
  instanceIdHash,
  parseClaim,
  toHex,
  verifyClaimMac,
  wipe,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { ClaimInput, ClaimStanding } from "../store/store.ts";
import type { Allowances } from "./allowance.ts";
import { sharesOf } from "./claim-shares.ts";
import { WHY } from "./notices.ts";
import { octets } from "./octets.ts";
import { empty, Refused } from "./refuse.ts";

const FRESH_OUTPUTS = 2;
const HTTP_STATUS = { 0: 200, 1: 202, 2: 202, 3: 409 } as const;

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handleClaim(context: HostContext, allowances: Allowances, bytes: Uint8Array): Promise<Response> {
  const { identity, store, generator, log } = context;
  const claim = parseClaim(bytes);
  if (!equalConstantTime(claim.hostId, identity.hostId)) throw new Refused("claim for another host", "mismatch");
  // Derived, not looked up: an unknown seed takes as long to refuse as a known one.
  const claimKey = claimKeyFor(identity.keys.kClaim, claim.seedId);
  try {
    verifyClaimMac(claim, claimKey, identity.tlsPin);
  } finally {
    wipe(claimKey);
  }
  const { seedId, identityPk, instanceId } = claim;
  const now = context.now();
  const instanceHash = instanceIdHash(instanceId);
  const asking = { seedId, identityPk, instanceId, instanceHash, now };
  const kind = knownStanding(context, asking);
  generator.admit();
  const { shares, retryAfter } = sharesOf(asking, kind);
  const giveBack = allowances.take(shares, now);
  if (giveBack === null) {
    context.refusals.count("claims", "limited", `more claims than one machine may make (${kind})`, toHex(seedId));
    return empty(429, { "retry-after": retryAfter });
  }
  // Before anything is decided or counted for good: while there is no entropy, a claim leaves no trace.
  const { bytes: freshBytes } = await generator.fullEntropy(FRESH_OUTPUTS).catch((error: unknown) => {
    giveBack();
    throw error;
  });
  try {
    const certificate = certificateFor(context, asking);
    const outcome = store.enrolments.claim({ ...asking, certificate });
    if (outcome.state === "unknown" || outcome.state === "revoked") throw refusedAs(outcome.state);
    // Only answers beside the final one are limited, and those that repeat it.
    if (outcome.state === 0 && kind !== "holder") giveBack();
    log.info({ seedId: toHex(seedId), instanceId, state: outcome.state }, "claim");
    if (outcome.state !== 0)
      return octets(encodeClaimAnswer({ state: outcome.state, freshBytes }), HTTP_STATUS[outcome.state]);
    store.push.seen(seedId, now);
    const claimSecret = claimSecretFor(identity.keys.kPsk, seedId, identityPk);
    const answer = encodeClaimAnswer({ state: 0, freshBytes, claimSecret, certificate: outcome.certificate });
    wipe(claimSecret);
    return octets(answer, HTTP_STATUS[0]);
  } catch (error) {
    // A refusal here has cost entropy; a write that failed is the host's trouble.
    if (!(error instanceof Refused)) giveBack();
    throw error;
  } finally {
    wipe(freshBytes);
  }
}

const refusedAs = (why: "unknown" | "revoked"): Refused =>
  why === "unknown"
    ? new Refused("claim for a seed that was never committed", "unknown-seed")
    : new Refused("claim for the seed of a revoked VM", "revoked");

type Asking = Omit<ClaimInput, "certificate">;

/**
 * Where a claim comes from; another machine's is remembered. Before any entropy or limit: that another machine asks is
 * evidence, whatever it gets.
 *
 * @throws Refused for a seed that is not there, or revoked
 */
function knownStanding(
  { store, notices }: HostContext,
  asking: Asking,
): Exclude<ClaimStanding["kind"], "unknown" | "revoked"> {
  const { kind, won, late, gone } = store.enrolments.standing(asking);
  if (kind === "unknown" || kind === "revoked") throw refusedAs(kind);
  const { seedId, instanceId } = asking;
  const inItsPlace = kind === "own" && won;
  if (inItsPlace || kind === "other") {
    const news = store.alarms.asked(asking, inItsPlace);
    notices.machine(seedId, instanceId, inItsPlace ? WHY.inItsPlace : WHY.other, news);
  } else if (kind === "unbound") {
    store.alarms.asked(asking, false);
    notices.undecided(seedId);
  }
  if (kind === "proven") notices.machine(seedId, instanceId, WHY.proven);
  else if (gone && !won) notices.machine(seedId, instanceId, WHY.gone);
  else if (late && !won) notices.machine(seedId, instanceId, WHY.late);
  return kind;
}

function certificateFor({ identity }: HostContext, { seedId, identityPk, instanceHash, now }: Asking): Uint8Array {
  const { hostId, statement, signPacket } = identity;
  const fields = { hostId, seedId, identityPk, instanceIdHash: instanceHash, issuedAt: now };
  return encodeCertificate({ ...fields, statementSerial: statement.serial }, signPacket);
}
