/**
 * A state folder that was restored from yesterday knows fewer statements than its guests. A guest shows the newest it
 * holds; the host goes on after it, so that every guest follows and nobody has to log in to a VM.
 */
import { encodeStatement, equalConstantTime, parseStatement, type Statement } from "@bootseed/protocol";
import { join } from "node:path";
import { readPrivate } from "./files.ts";
import { isSignedBy, nextSerial, publish } from "./history.ts";
import { FILES, localRoot } from "./keys.ts";

const MAX_PINS = 4;

/**
 * @param statements this host's own, ascending
 * @param presented a statement of the same host with a higher serial
 * @param now seconds since 1970: VMs may hold later ones than this one
 * @returns the statement that follows, published; null when it is not ours, its root key is not at hand, or the folder
 * has another newest statement than `statements`
 */
export function afterLostFuture(
  dir: string,
  statements: readonly Statement[],
  presented: Statement,
  now: number,
): Statement | null {
  const newest = statements.at(-1);
  if (newest === undefined || presented.serial <= newest.serial || presented.serial === 0xffff_ffff) return null;
  if (!equalConstantTime(presented.hostId, newest.hostId) || !isOurs(newest, presented)) return null;
  const root = localRoot(dir, presented);
  if (root === null) return null;
  // An operator has signed another one, with a key that this process does not know yet: it must not be undone.
  const published = readPrivate(join(dir, FILES.statement));
  if (published === null || Buffer.compare(published, newest.bytes) !== 0) return null;
  // Our own keys and addresses, and the pins that guests have meanwhile learnt: no connection may become a stranger's.
  const pins = [...newest.pins];
  for (const pin of presented.pins)
    if (pins.length < MAX_PINS && !pins.some((one) => equalConstantTime(one, pin))) pins.push(pin);
  const { hostId, packetPk, intervalMs, addresses } = newest;
  const { rootAlg, rootPk } = presented;
  const next = presented.next ?? newest.next;
  const serial = nextSerial(presented.serial, now);
  const fields = { hostId, serial, rootAlg, rootPk, packetPk, intervalMs, pins, addresses };
  const bytes = encodeStatement({ ...fields, ...(next === undefined ? {} : { next }) }, root.sign);
  publish(dir, bytes, [presented]);
  return parseStatement(bytes);
}

/**
 * Signed by the newest root or by the one that it announced. A root that was retired does not count: whoever stole its
 * key could bring it back, and every guest that has followed would be lost.
 */
function isOurs(newest: Statement, presented: Statement): boolean {
  return [newest, newest.next].some((root) => root !== undefined && isSignedBy(presented, root));
}
