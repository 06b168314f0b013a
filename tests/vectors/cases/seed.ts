/** Vectors of what is in user-data: seed entry, seed file. */
import { concat, lp, utf8 } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/mac.ts";
import { encodeSeedEntry, encodeSeedFile, type SeedEntry } from "../../../protocol/seed-entry.ts";
import { encodeStatement } from "../../../protocol/statement.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { refuse, toHex, values, wrongLengths, type VectorFile } from "./vector.ts";

const entry: SeedEntry = {
  hostId: ex.hostId,
  seedId: ex.seedId,
  pool: ex.pool,
  claimKey: ex.claimKey,
  psk0: ex.psk0,
  statement: ex.statement,
};
const checked = (body: Uint8Array): Uint8Array => concat(body, sha256(body));
const changed = (change: Partial<SeedEntry>): Uint8Array => encodeSeedEntry({ ...entry, ...change });

/** The entry of another host. */
function entryOf(number: number): Uint8Array {
  const hostId = ex.example(`host ${number}`, 8);
  return changed({ hostId, statement: encodeStatement({ ...ex.statementFields, hostId }, ex.signRoot) });
}

const foreign = encodeStatement({ ...ex.statementFields, hostId: ex.example("other host", 8) }, ex.signRoot);

export const seedEntry: VectorFile = {
  message: "seed entry",
  layout: "version ‖ hostId 8 ‖ seedId 16 ‖ pool 64 ‖ claimKey 32 ‖ psk0 32 ‖ lp(statement) ‖ SHA-256 of all before 32",
  given: {},
  accepted: [{ name: "396 bytes", fields: values({ ...entry }), bytes: toHex(ex.seedEntry) }],
  refused: [
    ...wrongLengths(ex.seedEntry),
    refuse("version 2", "bad-version", checked(patched(ex.seedEntry.subarray(0, -32), 0, 2))),
    refuse("one bit of the pool flipped", "bad-checksum", patched(ex.seedEntry, 25, (ex.pool[0] ?? 0) ^ 1)),
    refuse("one bit of the checksum flipped", "bad-checksum", patched(ex.seedEntry, 395, (ex.seedEntry[395] ?? 0) ^ 1)),
    refuse("pool of zeros", "all-zero", changed({ pool: new Uint8Array(64) })),
    refuse("claimKey of zeros", "all-zero", changed({ claimKey: new Uint8Array(32) })),
    refuse("psk0 of zeros", "all-zero", changed({ psk0: new Uint8Array(32) })),
    refuse("pool of one repeated byte", "placeholder", changed({ pool: new Uint8Array(64).fill(0xff) })),
    refuse("pool of text", "placeholder", changed({ pool: utf8("put 64 random bytes here ".repeat(3).slice(0, 64)) })),
    refuse("statement of another host", "mismatch", changed({ statement: foreign })),
    refuse("no statement", "malformed", changed({ statement: new Uint8Array(0) })),
    refuse("statement of version 2", "bad-version", changed({ statement: patched(ex.statement, 0, 2) })),
  ],
};

export const seedFile: VectorFile = {
  message: "seed file",
  layout: "1 to 4 × lp(seed entry), one per host",
  given: {},
  accepted: [1, 4].map((count) => {
    const entries = [ex.seedEntry, entryOf(2), entryOf(3), entryOf(4)].slice(0, count);
    return { name: `entries: ${count}`, fields: values({ entries }), bytes: toHex(encodeSeedFile(entries)) };
  }),
  refused: [
    ...wrongLengths(encodeSeedFile([ex.seedEntry])),
    refuse("two entries of one host", "mismatch", concat(lp(ex.seedEntry), lp(ex.seedEntry))),
    refuse("five entries", "malformed", concat(...[1, 2, 3, 4, 5].map((number) => lp(entryOf(number))))),
    refuse("second entry damaged", "bad-checksum", concat(lp(ex.seedEntry), lp(patched(entryOf(2), 200, 1)))),
    refuse(
      "not a seed file but its base64",
      "malformed",
      utf8(Buffer.from(encodeSeedFile([ex.seedEntry])).toString("base64")),
    ),
  ],
};
