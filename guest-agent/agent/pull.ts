/** A top-up by `pull`: the guest dials (docs/protocol.md, Transport: pull). */
import { encodePacketRequest, encodeReceiptRequest, zeroNonce } from "@bootseed/protocol";
import { beginDelivery, type Delivered } from "./delivery.ts";
import type { LastDelivery } from "./counts.ts";
import type { HostFolder } from "./host-folder.ts";
import { Followed, request } from "./request.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/**
 * One delivery from one host; a server with another certificate is asked for newer statements first, once.
 * @throws Refusal, BootseedError for what is refused, "unreachable" when no address answers
 */
export async function pull(world: World, folder: HostFolder): Promise<LastDelivery> {
  try {
    return await pullOnce(world, folder, true);
  } catch (error) {
    if (!(error instanceof Followed)) throw error;
    return pullOnce(world, folder, false);
  }
}

async function pullOnce(world: World, folder: HostFolder, mayFollow: boolean): Promise<LastDelivery> {
  const delivery = await beginDelivery(world, folder, zeroNonce());
  let delivered: Delivered;
  try {
    const plain = encodePacketRequest({ hello: delivery.hello, statements: [] });
    let answer = await request(world, folder, "/v1/packets", () => plain, mayFollow);
    // The same hello once more, with the proofs: a host that lost its database knows this machine again.
    if (answer.status === 403) answer = await request(world, folder, "/v1/packets", () => delivery.proof(), mayFollow);
    if (answer.status !== 200) throw new Refusal(`http-${answer.status}`, `the host answered ${answer.status}`);
    delivered = await delivery.accept(answer.body);
  } finally {
    delivery.abandon();
  }
  const { receipt, ...told } = delivered;
  const message = encodeReceiptRequest({ seedId: delivery.hello.slice(2, 18), receipt });
  // A lost receipt is harmless.
  const sent = await request(world, folder, "/v1/receipts", () => message, false).catch(() => ({ status: 0 }));
  return { ...told, receipt: sent.status };
}
