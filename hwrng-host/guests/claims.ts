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
import { octets } from "./octets.ts";
import { empty, Refused } from "./refuse.ts";

const FRESH_OUTPUTS = 2;
const HTTP_STATUS = { 0: 200, 1: 202, 2: 202, 3: 409 } as const;
/** A seed had its answers for today: the guest's back-off brings it back. */
const LIMITED_SECONDS = "3600";

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handleClaim(context: HostContext, bytes: Uint8Array): Promise<Response> {
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
  generator.admit();
  const { seedId, identityPk, instanceId } = claim;
  const now = context.now();
  const instanceHash = instanceIdHash(instanceId);
  const certificate = encodeCertificate(
    {
      hostId: identity.hostId,
      seedId,
      identityPk,
      instanceIdHash: instanceHash,
      issuedAt: now,
      statementSerial: identity.statement.serial,
    },
    identity.signPacket,
  );
  const outcome = store.enrolments.claim({ seedId, identityPk, instanceId, instanceHash, certificate, now });
  if (outcome.state === "unknown") throw new Refused("claim for a seed that was never committed", "unknown-seed");
  if (outcome.state === "revoked") throw new Refused("claim for the seed of a revoked VM", "revoked");
  if (outcome.state === "limited") return empty(429, { "retry-after": LIMITED_SECONDS });

  const fields = { seedId: toHex(seedId), instanceId, state: outcome.state };
  if (outcome.state >= 2) log.warn(fields, "claim needs an operator");
  else log.info(fields, "claim");
  if (outcome.state === 0) store.push.seen(seedId, now);
  // After the decision: a lost answer costs nothing, the same claim gets the same certificate again.
  const { bytes: freshBytes } = await generator.fullEntropy(FRESH_OUTPUTS);
  const claimSecret = claimSecretFor(identity.keys.kPsk, seedId, identityPk);
  const answer = encodeClaimAnswer(
    outcome.state === 0
      ? { state: 0, freshBytes, claimSecret, certificate: outcome.certificate }
      : { state: outcome.state, freshBytes },
  );
  wipe(freshBytes, claimSecret);
  return octets(answer, HTTP_STATUS[outcome.state]);
}
