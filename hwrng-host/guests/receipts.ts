/** POST /v1/receipts: what the guest's kernel said to the last packet. */
import { parseReceipt, parseReceiptRequest, toHex, verifyReceipt } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";
import { empty, Refused } from "./refuse.ts";

/** @throws Refused, BootseedError: answered with the identical 403 */
export function handleReceipt(context: HostContext, keys: ReceiptKeys, bytes: Uint8Array): Response {
  const { seedId, receipt: receiptBytes } = parseReceiptRequest(bytes);
  const receipt = parseReceipt(receiptBytes);
  const now = context.now();
  const { counter, rcMix, rcReseed } = receipt;
  const key = keys.get(seedId, counter, now);
  if (key === null) throw new Refused("receipt for no packet of the last 60 s");
  // A wrong receipt leaves the key: otherwise anybody could make the right one come too late.
  verifyReceipt(receipt, key);
  context.store.enrolments.recordReceipt({ seedId, counter, rcMix, rcReseed, now });
  keys.spend(seedId);
  const fields = { seedId: toHex(seedId), counter, rcMix, rcReseed };
  if (rcMix === 0 && rcReseed === 0) context.log.info(fields, "receipt");
  else context.log.warn(fields, "receipt: the guest's kernel refused");
  return empty(204);
}
