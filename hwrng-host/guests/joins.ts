/** POST /v1/joins: a machine that was created without a seed enrols with an operator's token. */
import {
  claimSecretFor,
  encodeCertificate,
  encodeJoinAnswer,
  equalConstantTime,
  instanceIdHash,
  joinKeyFor,
  joinSeedIdFor,
  parseJoin,
  psk0For,
  pskFor,
  toHex,
  verifyJoinMac,
  wipe,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { Allowances } from "./allowance.ts";
import { HOLDER } from "./claim-shares.ts";
import { octets } from "./octets.ts";
import { empty, Refused } from "./refuse.ts";

const FRESH_OUTPUTS = 2;

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handleJoin(context: HostContext, allowances: Allowances, bytes: Uint8Array): Promise<Response> {
  const { identity, store, generator, log } = context;
  const join = parseJoin(bytes);
  const { tokenId, identityPk, instanceId, name } = join;
  if (!equalConstantTime(join.hostId, identity.hostId)) throw new Refused("join of another host", "mismatch");
  // Derived, not looked up: an unknown token takes as long to refuse as a known one.
  const joinKey = joinKeyFor(identity.keys.kJoin, tokenId);
  try {
    verifyJoinMac(join, joinKey, identity.tlsPin);
  } finally {
    wipe(joinKey);
  }
  generator.admit();
  const now = context.now();
  const instanceHash = instanceIdHash(instanceId);
  const seedId = joinSeedIdFor(identity.keys.kJoin, tokenId, identityPk, instanceHash);
  const refused = (why: string): Refused =>
    new Refused(`join of ${name === "" ? "a machine without a name" : name} (${instanceId})`, why);
  // Before any entropy is drawn: whoever has an old token could take it all, one join after the other.
  const why = store.joins.refusal({ tokenId, seedId, name, now });
  if (why !== null) throw refused(why);
  // A machine that asks again lost its answer: at its pace, for as long as its token lives.
  const again = [{ key: `${toHex(seedId)} holder`, rate: HOLDER }];
  const giveBack = allowances.take(store.joins.isKnown(seedId) ? again : [], now);
  if (giveBack === null) {
    context.refusals.count("joins", "limited", `more joins than one machine may make (${name})`, toHex(seedId));
    return empty(429, { "retry-after": String(HOLDER.seconds) });
  }
  const { serial: statementSerial } = identity.statement;
  const fields = { hostId: identity.hostId, seedId, identityPk, instanceIdHash: instanceHash, issuedAt: now };
  const certificate = encodeCertificate({ ...fields, statementSerial }, identity.signPacket);
  // Before anything is written: no healthy source, no enrolment.
  const fresh = await generator.fullEntropy(FRESH_OUTPUTS).catch((error: unknown) => {
    giveBack();
    throw error;
  });
  const { bytes: freshBytes, sourceClass } = fresh;
  const who = { tokenId, seedId, name, identityPk, instanceId, instanceHash };
  const outcome = store.joins.join({ ...who, sourceClass, certificate, now });
  if (!outcome.joined) {
    wipe(freshBytes);
    throw refused(outcome.why);
  }
  log.info({ seedId: toHex(seedId), instanceId, name: outcome.name, tokenId: toHex(tokenId) }, "joined");
  const psk0 = psk0For(identity.keys.kPsk, seedId);
  const claimSecret = claimSecretFor(identity.keys.kPsk, seedId, identityPk);
  const psk = pskFor(psk0, claimSecret);
  const answer = encodeJoinAnswer({ freshBytes, psk, certificate: outcome.certificate });
  wipe(freshBytes, psk0, claimSecret, psk);
  return octets(answer);
}
