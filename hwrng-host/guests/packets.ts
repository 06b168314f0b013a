/** POST /v1/packets: a delivery by `pull`. */
import { parseHello, parsePacketRequest, zeroNonce } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { deliver } from "./deliver.ts";
import { octets } from "./octets.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";

/** @throws Refused, BootseedError: answered with the identical 403, or 503 */
export async function handlePacket(context: HostContext, keys: ReceiptKeys, bytes: Uint8Array): Promise<Response> {
  const request = parsePacketRequest(bytes);
  const answer = await deliver(context, keys, request, zeroNonce());
  context.store.push.seen(parseHello(request.hello).seedId, context.now());
  return octets(answer);
}
