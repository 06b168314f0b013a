/** Test aid: how a guest learns what its host signed since, over the wire. */
import {
  encodeStatementsRequest,
  followStatements,
  parsePacketAnswer,
  parseStatementsAnswer,
} from "@bootseed/protocol";
import type { TestGuest } from "./guest.ts";
import type { ServedHost } from "./served-host.ts";

/** A delivery as a guest does it: pins, statements, packet. */
export async function topUp(host: ServedHost, guest: TestGuest): Promise<number> {
  const { bytes } = await host.send(guest, "/v1/packets", guest.hello());
  guest.statement = followStatements(guest.statement, parsePacketAnswer(bytes).statements);
  return guest.open(bytes).counter;
}

/** What a guest asks a server whose certificate it does not know. @returns how many statements came */
export async function catchUp(host: ServedHost, guest: TestGuest): Promise<number> {
  const { hostId, serial } = guest.statement;
  const { bytes } = await host.sendUnpinned("/v1/statements", encodeStatementsRequest({ hostId, serial }));
  const messages = parseStatementsAnswer(bytes);
  guest.statement = followStatements(guest.statement, messages);
  return messages.length;
}
