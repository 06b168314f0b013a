/**
 * Messages with one thing wrong and everything else right: signed, sealed and MACed anew after the damage. For tests
 * and vectors.
 */
import { concat, u8 } from "../bytes.ts";
import { sealPsk } from "../hpke.ts";
import type { Signer } from "../keys.ts";
import { label, type LabelName } from "../labels.ts";
import { hmacSha256, sha256 } from "../mac.ts";
import type { PacketContext } from "../packet.ts";
import * as ex from "./example.ts";

/** `body ‖ signature (label ‖ prefix ‖ body)`. */
export function signed(
  name: LabelName,
  body: Uint8Array,
  sign: Signer,
  prefix: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return concat(body, sign(concat(label(name), prefix, body)));
}

/** `body ‖ HMAC (label ‖ prefix ‖ body)`. */
export function maced(
  name: LabelName,
  body: Uint8Array,
  key: Uint8Array,
  prefix: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return concat(body, hmacSha256(key, label(name), prefix, body));
}

/** A packet around any plaintext, rightly sealed and signed: what only a broken host would send. */
export function packetAround(plaintext: Uint8Array, change: Partial<PacketContext> = {}): Uint8Array {
  const context = { ...ex.packetContext, ...change };
  const info = concat(label("packet"), context.hostId, context.seedId);
  const psk = { info, psk: context.psk, pskId: context.seedId, aad: new Uint8Array(0) };
  const { enc, ct } = sealPsk(ex.pkE.publicKey, psk, plaintext, ex.ephemeral);
  return signedPacket(concat(u8(1), u8(1), enc, ct), ex.signPacket, context);
}

/** `version ‖ suite ‖ enc ‖ ciphertext+tag` with a right signature behind it. */
export function signedPacket(
  unsigned: Uint8Array,
  sign: Signer,
  context: PacketContext = ex.packetContext,
): Uint8Array {
  const helloHash = sha256(context.nonce, context.helloBytes);
  const [head, rest] = [unsigned.subarray(0, 2), unsigned.subarray(2)];
  return concat(unsigned, sign(concat(label("packet"), head, context.hostId, helloHash, rest)));
}
