/** POST /v1/statements: what is newer than a guest's own statement, for one that does not know this certificate. */
import { chainSince, encodeStatementsAnswer, equalConstantTime, parseStatementsRequest } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { octets } from "./octets.ts";
import { Refused } from "./refuse.ts";

/** As many as the format holds. */
const MAX_STATEMENTS = 32;

/** Public bytes, signed by the root: nothing is given away. @throws Refused, BootseedError */
export function handleStatements({ identity }: HostContext, bytes: Uint8Array): Response {
  const { hostId, serial } = parseStatementsRequest(bytes);
  if (!equalConstantTime(hostId, identity.hostId)) throw new Refused("statements of another host", "mismatch");
  // Who gets the first part asks again.
  const chain = chainSince(identity.history, serial).slice(0, MAX_STATEMENTS);
  return octets(encodeStatementsAnswer(chain.map((statement) => statement.bytes)));
}
