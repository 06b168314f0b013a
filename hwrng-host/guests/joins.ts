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
import type { JoinOutcome } from "../store/join-store.ts";
import type { Allowances } from "./allowance.ts";
import { HOLDER } from "./claim-shares.ts";
import { octets } from "./octets.ts";
import { empty, Refused } from "./refuse.ts";
import type { InFlight } from "./under-way.ts";

const FRESH_OUTPUTS = 2;

type Limits = { readonly allowances: Allowances; readonly joins: InFlight };

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handleJoin(context: HostContext, limits: Limits, bytes: Uint8Array): Promise<Response> {
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
  const pass = admit(context, limits, { tokenId, seedId });
  if (pass === null) {
    context.refusals.count(
      "joins",
      "limited",
      `more joins than the token or one machine may make (${name})`,
      toHex(seedId),
    );
    return empty(429, { "retry-after": String(HOLDER.seconds) });
  }
  const { serial: statementSerial } = identity.statement;
  const fields = { hostId: identity.hostId, seedId, identityPk, instanceIdHash: instanceHash, issuedAt: now };
  const certificate = encodeCertificate({ ...fields, statementSerial }, identity.signPacket);
  const who = { tokenId, seedId, name, identityPk, instanceId, instanceHash };
  let freshBytes: Uint8Array = new Uint8Array(0);
  let outcome: JoinOutcome;
  try {
    // Before anything is written: no healthy source, no enrolment.
    const fresh = await generator.fullEntropy(FRESH_OUTPUTS);
    freshBytes = fresh.bytes;
    outcome = store.joins.join({ ...who, sourceClass: fresh.sourceClass, certificate, now });
  } catch (error) {
    wipe(freshBytes);
    pass.giveBack();
    throw error;
  } finally {
    pass.leave();
  }
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

/**
 * What a join may draw. A machine that asks again lost its answer: it is answered at its pace, for as long as its token
 * lives. Of new machines only as many are under way as the token has uses left, however many ask at once.
 */
function admit(
  { store, now }: HostContext,
  { allowances, joins }: Limits,
  { tokenId, seedId }: { readonly tokenId: Uint8Array; readonly seedId: Uint8Array },
): { readonly giveBack: () => void; readonly leave: () => void } | null {
  if (!store.joins.isKnown(seedId)) {
    const leave = joins.enter(toHex(tokenId), store.joins.usesLeft(tokenId));
    return leave === null ? null : { giveBack: () => undefined, leave };
  }
  const giveBack = allowances.take([{ key: `${toHex(seedId)} holder`, rate: HOLDER }], now());
  return giveBack === null ? null : { giveBack, leave: () => undefined };
}
