/** POST /v1/statements: what is newer than a guest's own statement, for one that does not know this certificate. */
import { chainSince, encodeStatementsAnswer, equalConstantTime, parseStatementsRequest } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { octets } from "./octets.ts";
import { Refused } from "./refuse.ts";

/** Public bytes, signed by the root: nothing is given away. @throws Refused, BootseedError */
export function handleStatements({ identity }: HostContext, bytes: Uint8Array): Response {
  const { hostId, serial } = parseStatementsRequest(bytes);
  if (!equalConstantTime(hostId, identity.hostId)) throw new Refused("statements of another host", "mismatch");
  return octets(encodeStatementsAnswer(chainSince(identity.history, serial).map((statement) => statement.bytes)));
}
