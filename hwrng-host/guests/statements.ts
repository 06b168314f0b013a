/** POST /v1/statements: what is newer than a guest's own statement, for one that does not know this certificate. */
import { chainSince, encodeStatementsAnswer, equalConstantTime, parseStatementsRequest } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import { octets } from "./octets.ts";
import { Refused } from "./refuse.ts";

/** As many as the format holds. */
const MAX_STATEMENTS = 32;

/** Public bytes, signed by the root: nothing is given away. @throws Refused, BootseedError */
export function handleStatements({ identity, refusals }: HostContext, bytes: Uint8Array): Response {
  const { hostId, serial } = parseStatementsRequest(bytes);
  if (!equalConstantTime(hostId, identity.hostId)) throw new Refused("statements of another host", "mismatch");
  const own = identity.statement.serial;
  // Answered all the same, with nothing. The number is anybody's word: it is not for typing.
  if (serial > own) {
    const fix = "if this folder was restored and VMs are missing, any new statement brings them back";
    refusals.count("statements", "statement-ahead", `asked for statements after ${serial}, ours is ${own}; ${fix}`);
  }
  // Who gets the first part asks again.
  const chain = chainSince(identity.history, serial).slice(0, MAX_STATEMENTS);
  return octets(encodeStatementsAnswer(chain.map((statement) => statement.bytes)));
}
