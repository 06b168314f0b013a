/** Reservations: everything of a seed entry, computed and sent; nothing is written until the commit. */
import {
  claimKeyFor,
  encodeToken,
  psk0For,
  type Reservation,
  type ReservationsAnswer,
  type ReservationsRequest,
  toBase64,
  toHex,
  wipe,
} from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { presenceView } from "./presence.ts";
import { lowerClass, type SourceClass } from "../sources/source.ts";

/** A seed pool is two full-entropy outputs of 32 bytes. */
const POOL_OUTPUTS = 2;
const SEED_ID_BYTES = 16;
/** A reservation that nobody commits is worthless after this. */
export const TOKEN_SECONDS = 86_400;

/**
 * @param client who asks: `local` on the unix socket
 * @throws HostError "no-source", "rate-limited"
 */
export async function reserve(
  context: HostContext,
  request: ReservationsRequest,
  client: string,
): Promise<ReservationsAnswer> {
  const { identity, generator } = context;
  generator.admit();
  const reservations: Reservation[] = [];
  let weakest: SourceClass = "physical-raw";
  const { known, ...presence } = presenceView(context.store, request, context.now());
  for (const [at, urn] of request.urns.entries()) {
    const { bytes: pool, sourceClass } = await generator.fullEntropy(POOL_OUTPUTS);
    weakest = lowerClass(weakest, sourceClass);
    const seedId = context.random(SEED_ID_BYTES);
    const claimKey = claimKeyFor(identity.keys.kClaim, seedId);
    const psk0 = psk0For(identity.keys.kPsk, seedId);
    const expiry = context.now() + TOKEN_SECONDS;
    reservations.push({
      urn,
      seedId: toHex(seedId),
      pool: toBase64(pool),
      claimKey: toBase64(claimKey),
      psk0: toBase64(psk0),
      token: encodeToken({ expiry, client, stack: request.stack, urn, sourceClass }, seedId, identity.keys.kToken),
      vm: known[at] ?? null,
    });
    wipe(pool, claimKey, psk0);
  }
  const { hostId, statement } = identity;
  const statementBytes = toBase64(statement.bytes);
  return { hostId: toHex(hostId), statement: statementBytes, sourceClass: weakest, reservations, ...presence };
}
