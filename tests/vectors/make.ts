/**
 * Makes the vector files of this folder: `npm run vectors`. The same bytes every time: every key and every random value
 * is derived from a name, and ephemeral keys are given. The files named rfc*.json are not made here but carried from
 * the RFCs.
 */
import { writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { certificate, claim, claimAnswer } from "./cases/claim.ts";
import { hello, packetAnswer, packetRequest, receipt, receiptRequest } from "./cases/delivery.ts";
import { greetings, statementsAnswer, statementsRequest, tcpFrames } from "./cases/follow.ts";
import { derive, statement } from "./cases/host.ts";
import { join, joinAnswer, joinSeedId, joinToken } from "./cases/join.ts";
import { mix, reservationToken } from "./cases/mint.ts";
import { packet } from "./cases/packet.ts";
import { report, sshsig } from "./cases/report.ts";
import { seedEntry, seedFile } from "./cases/seed.ts";
import type { VectorFile } from "./cases/vector.ts";

/** Every file that this script makes, one for each message. */
export const VECTOR_FILES: readonly VectorFile[] = [
  derive,
  statement,
  seedEntry,
  seedFile,
  mix,
  claim,
  claimAnswer,
  certificate,
  report,
  sshsig,
  hello,
  packet,
  receipt,
  packetRequest,
  packetAnswer,
  receiptRequest,
  reservationToken,
  statementsRequest,
  statementsAnswer,
  greetings,
  tcpFrames,
  joinToken,
  join,
  joinAnswer,
  joinSeedId,
];

/** `seed entry` is in seed-entry.json. */
export function fileName(message: string): string {
  return `${message.replaceAll(" ", "-")}.json`;
}

/** The text of a file. */
export function fileText(file: VectorFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

if (import.meta.main)
  for (const file of VECTOR_FILES) {
    writeFileSync(path(import.meta.dirname, fileName(file.message)), fileText(file));
    process.stderr.write(
      `${fileName(file.message)}: ${file.accepted.length} accepted, ${file.refused.length} refused\n`,
    );
  }
