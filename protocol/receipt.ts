/**
 * The receipt: the guest says which packet it took and what the kernel answered, authenticated by a key that only the
 * two ends of that one packet can compute.
 *
 *     receipt = counter u64 ‖ rcMix ‖ rcReseed ‖ HMAC-SHA-256(receiptKey, label ‖ all before) 32          42 B
 */
import { concat, equalConstantTime, Reader, u64be, u8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { label } from "./labels.ts";
import { hmacSha256, key32 } from "./mac.ts";

/** Length of a receipt. */
export const RECEIPT_BYTES = 42;

/** A return code that says the step was never tried. */
export const RC_NOT_TRIED = 255;

/** What a receipt says. Return codes are errno of the ioctl: 0 done, 255 not tried. */
export interface ReceiptFields {
  /** counter of the packet, 1 to 2^53 - 1 */
  readonly counter: number;
  /** RNDADDENTROPY */
  readonly rcMix: number;
  /** RNDRESEEDCRNG */
  readonly rcReseed: number;
}

/** A parsed receipt, with the bytes it came from. */
export interface Receipt extends ReceiptFields {
  /** 32 bytes */
  readonly mac: Uint8Array;
  /** the whole message */
  readonly bytes: Uint8Array;
}

/** @param receiptKey - 32 bytes, from `openPacket` @returns 42 bytes */
export function encodeReceipt(fields: ReceiptFields, receiptKey: Uint8Array): Uint8Array {
  const body = concat(u64be(fields.counter), u8(fields.rcMix), u8(fields.rcReseed));
  return concat(body, receiptMac(body, receiptKey));
}

/** Reads a receipt; trust comes from `verifyReceipt`. @throws BootseedError "malformed", "bad-counter" */
export function parseReceipt(bytes: Uint8Array): Receipt {
  const reader = new Reader(bytes, "receipt");
  const receipt: Receipt = {
    counter: reader.u64("counter"),
    rcMix: reader.u8("rcMix"),
    rcReseed: reader.u8("rcReseed"),
    mac: reader.take(32, "mac"),
    bytes: Uint8Array.from(bytes),
  };
  reader.end();
  if (receipt.counter === 0) throw new BootseedError("bad-counter", "receipt: counter 0 belongs to no packet");
  return receipt;
}

/** @param receiptKey - 32 bytes, from `sealPacket` of the packet with this counter @throws BootseedError "bad-mac" */
export function verifyReceipt(receipt: Receipt, receiptKey: Uint8Array): void {
  if (!equalConstantTime(receipt.mac, receiptMac(receipt.bytes.subarray(0, RECEIPT_BYTES - 32), receiptKey)))
    throw new BootseedError("bad-mac", "receipt: the MAC is wrong: not made by the receiver of this packet");
}

function receiptMac(body: Uint8Array, receiptKey: Uint8Array): Uint8Array {
  return hmacSha256(key32(receiptKey, "receiptKey"), label("receipt"), body);
}
