/**
 * The packet: 1,024 bytes of random, signed by the host's packet key, sealed to the one-time key of one hello.
 *
 *     packet = version ‖ suite ‖ enc 32 ‖ ciphertext+tag
 *            ‖ packetPk's sig 64 (label ‖ version ‖ suite ‖ hostId ‖ SHA-256(nonce ‖ whole hello) ‖ enc ‖ ciphertext+tag)
 *
 * HPKE mode_psk to pkE; psk_id = seedId, info = label ‖ hostId ‖ seedId, aad empty. 1,155 B today, never over 1,162.
 */
import { concat, exactly, Reader, u8, utf8, wipe } from "./bytes.ts";
import { encodePlaintext, parsePlaintext, type PacketPlaintext } from "./der.ts";
import { BootseedError } from "./errors.ts";
import { HELLO_BYTES } from "./hello.ts";
import { exportSecret, openPsk, sealPsk, type PskContext } from "./hpke.ts";
import { requireSignature, type VerifyEd25519 } from "./ed25519.ts";
import { type Signer } from "./keys.ts";
import { label, SUITE, VERSION } from "./labels.ts";
import { sha256 } from "./mac.ts";

/** Longest packet that a host sends. */
export const MAX_PACKET_BYTES = 1162;

/** Longest packet that a guest looks at. */
export const MAX_PACKET_ACCEPTED_BYTES = 4096;

const HEAD_BYTES = 2 + 32;
const TAG_BYTES = 16;
const SIGNATURE_BYTES = 64;
const EXPORTER_CONTEXT = utf8("bootseed v1 receipt");

/** What both ends of a delivery know beforehand. */
export interface PacketContext {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** 32 bytes, from `pskFor` */
  readonly psk: Uint8Array;
  /** the hello this packet answers, 126 bytes */
  readonly helloBytes: Uint8Array;
  /** the nonce of that hello, 16 bytes; zero over TLS */
  readonly nonce: Uint8Array;
}

/** Arguments of `sealPacket`. */
export interface SealPacketInput extends PacketContext, PacketPlaintext {
  /** the hello's one-time X25519 key, 32 bytes */
  readonly pkE: Uint8Array;
  /** the packet key's signer */
  readonly signPacket: Signer;
  /** HPKE's one-time private key: 32 random bytes for this packet alone; without it OpenSSL makes one */
  readonly ephemeral?: Uint8Array;
}

/** What the host keeps of a packet. */
export interface SealedPacket {
  /** the whole message */
  readonly bytes: Uint8Array;
  /** 32 bytes, secret: verifies the receipt; kept in RAM for at most 60 s */
  readonly receiptKey: Uint8Array;
}

/** Arguments of `openPacket`. */
export interface OpenPacketInput extends PacketContext {
  /** the whole message */
  readonly bytes: Uint8Array;
  /** private half of the hello's pkE, 32 bytes; wipe it afterwards, whatever happened */
  readonly skE: Uint8Array;
  /** Ed25519, 32 bytes, from the newest statement */
  readonly packetPk: Uint8Array;
  /** of the last packet accepted from this host */
  readonly lastCounter: number;
  /** how the signature is verified; by default the same on every Node, `ed25519Verify` */
  readonly accepts?: VerifyEd25519;
}

/** What a packet held. `chunk` and `receiptKey` are secrets. */
export interface OpenedPacket extends PacketPlaintext {
  /** 32 bytes: MAC key of the receipt */
  readonly receiptKey: Uint8Array;
}

/**
 * Seals and signs a packet. The host verifies the hello first, and makes the counter durable before the bytes leave.
 *
 * @returns 1,155 bytes until a counter exceeds one byte, never over 1,162
 * @throws BootseedError "small-order-key" @throws RangeError for a field out of its bounds
 */
export function sealPacket(input: SealPacketInput): SealedPacket {
  const plaintext = encodePlaintext(input);
  const { enc, ct, exporterSecret } = sealPsk(input.pkE, pskContext(input), plaintext, input.ephemeral);
  const signature = exactly(input.signPacket(signedBytes(input, enc, ct)), SIGNATURE_BYTES, "packet signature");
  const receiptKey = exportSecret(exporterSecret, EXPORTER_CONTEXT, 32);
  wipe(plaintext, exporterSecret);
  return { bytes: concat(u8(VERSION), u8(SUITE), enc, ct, signature), receiptKey };
}

/**
 * Verifies and opens a packet, in the order of the protocol: length, version and suite, signature, open, canonical DER,
 * chunk length, counter. The caller then persists the counter, mixes, reseeds and sends the receipt, in this order.
 *
 * @throws BootseedError "too-long", "malformed", "bad-version", "bad-suite", "bad-signature", "open-failed",
 * "non-canonical", "bad-chunk", "bad-counter"
 */
export function openPacket(input: OpenPacketInput): OpenedPacket {
  const { enc, ct, signature } = split(input.bytes);
  requireSignature(input.packetPk, signedBytes(input, enc, ct), signature, "packet", input.accepts);
  const { pt, exporterSecret } = openPsk(input.skE, enc, pskContext(input), ct);
  const plaintext = parsePlaintext(pt);
  if (plaintext.counter <= input.lastCounter)
    throw new BootseedError(
      "bad-counter",
      `packet: expected a counter above ${input.lastCounter}, got ${plaintext.counter}: a packet that was already used`,
    );
  const receiptKey = exportSecret(exporterSecret, EXPORTER_CONTEXT, 32);
  wipe(pt, exporterSecret);
  return { ...plaintext, receiptKey };
}

function split(bytes: Uint8Array): { enc: Uint8Array; ct: Uint8Array; signature: Uint8Array } {
  if (bytes.length > MAX_PACKET_ACCEPTED_BYTES)
    throw new BootseedError(
      "too-long",
      `packet: expected at most ${MAX_PACKET_ACCEPTED_BYTES} bytes, got ${bytes.length}`,
    );
  const reader = new Reader(bytes, "packet");
  reader.version();
  reader.suite();
  const least = HEAD_BYTES + TAG_BYTES + SIGNATURE_BYTES;
  if (bytes.length < least)
    reader.refuse(`expected at least ${least} bytes, got ${bytes.length}: the message is cut short`);
  const enc = reader.take(32, "enc");
  const ct = reader.take(reader.left - SIGNATURE_BYTES, "ciphertext");
  return { enc, ct, signature: reader.take(SIGNATURE_BYTES, "signature") };
}

function pskContext({ hostId, seedId, psk }: PacketContext): PskContext {
  const pskId = exactly(seedId, 16, "seedId");
  return { info: concat(label("packet"), exactly(hostId, 8, "hostId"), pskId), psk, pskId, aad: new Uint8Array(0) };
}

function signedBytes({ hostId, nonce, helloBytes }: PacketContext, enc: Uint8Array, ct: Uint8Array): Uint8Array {
  const helloHash = sha256(exactly(nonce, 16, "nonce"), exactly(helloBytes, HELLO_BYTES, "helloBytes"));
  return concat(label("packet"), u8(VERSION), u8(SUITE), exactly(hostId, 8, "hostId"), helloHash, enc, ct);
}
