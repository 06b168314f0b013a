/**
 * A state folder that was restored from yesterday knows fewer statements than its guests. A guest shows the newest it
 * holds; the host goes on after it, so that every guest follows and nobody has to log in to a VM.
 */
import {
  encodeStatement,
  equalConstantTime,
  parseStatement,
  type Statement,
  verifyStatement,
} from "@bootseed/protocol";
import { nextSerial, publish } from "./history.ts";
import { localRoot } from "./keys.ts";

const MAX_PINS = 4;

/**
 * @param statements this host's own, ascending
 * @param presented a statement of the same host with a higher serial
 * @param now seconds since 1970: VMs may hold later ones than this one
 * @returns the statement that follows, published; null when it is not ours or its root key is not at hand
 */
export function afterLostFuture(
  dir: string,
  statements: readonly Statement[],
  presented: Statement,
  now: number,
): Statement | null {
  const newest = statements.at(-1);
  if (newest === undefined || presented.serial <= newest.serial || presented.serial === 0xffff_ffff) return null;
  if (!equalConstantTime(presented.hostId, newest.hostId) || !isOurs(statements, presented)) return null;
  const root = localRoot(dir, presented);
  if (root === null) return null;
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

/** Signed by a root of ours: one that signed before, or that was announced. */
function isOurs(statements: readonly Statement[], presented: Statement): boolean {
  const roots = statements.flatMap((statement) => [
    statement,
    ...(statement.next === undefined ? [] : [statement.next]),
  ]);
  return roots.some((root) => {
    try {
      verifyStatement(presented, root);
      return true;
    } catch {
      return false;
    }
  });
}
