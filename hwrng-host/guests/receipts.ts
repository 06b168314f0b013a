/** What the guest's kernel said to the last packet: POST /v1/receipts, or the last frame of `tcp`. */
import { parseReceipt, parseReceiptRequest, toHex, verifyReceipt } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";
import { empty, Refused } from "./refuse.ts";

/** @throws Refused, BootseedError: answered with the identical 403 */
export async function handleReceipt(context: HostContext, keys: ReceiptKeys, bytes: Uint8Array): Promise<Response> {
  const { seedId, receipt } = parseReceiptRequest(bytes);
  await takeReceipt(context, keys, seedId, receipt);
  return empty(204);
}

/**
 * Verifies a receipt and records it.
 *
 * @param seedId 16 bytes @param bytes 42 bytes
 * @throws Refused, BootseedError when it proves nothing
 */
export async function takeReceipt(
  context: HostContext,
  keys: ReceiptKeys,
  seedId: Uint8Array,
  bytes: Uint8Array,
): Promise<void> {
  const receipt = parseReceipt(bytes);
  const now = context.now();
  const { counter, rcMix, rcReseed } = receipt;
  const key = keys.get(seedId, counter, now);
  if (key === null) throw new Refused("receipt for no packet of the last 60 s", "no-packet");
  // A wrong receipt leaves the key: otherwise anybody could make the right one come too late.
  verifyReceipt(receipt, key);
  const { store } = context;
  await store.together(() => store.enrolments.recordReceipt({ seedId, counter, rcMix, rcReseed, now }));
  // Only now: when the write fails, the guest is answered 503 and sends the same receipt again.
  keys.spend(seedId, counter);
  const fields = { seedId: toHex(seedId), counter, rcMix, rcReseed };
  if (rcMix === 0 && rcReseed === 0) context.log.info(fields, "receipt");
  else context.log.warn(fields, "receipt: the guest's kernel refused");
}
