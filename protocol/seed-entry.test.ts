import { describe, expect, it } from "vitest";
import { concat, lp } from "./bytes.ts";
import { encodeSeedEntry, encodeSeedFile, parseSeedEntry, parseSeedFile, type SeedEntry } from "./seed-entry.ts";
import { encodeStatement } from "./statement.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";

const entry: SeedEntry = {
  hostId: ex.hostId,
  seedId: ex.seedId,
  pool: ex.pool,
  claimKey: ex.claimKey,
  psk0: ex.psk0,
  statement: ex.statement,
};
const otherId = ex.example("other host", 8);
const otherStatement = encodeStatement({ ...ex.statementFields, hostId: otherId }, ex.signRoot);
const otherEntry = encodeSeedEntry({ ...entry, hostId: otherId, statement: otherStatement });

describe("seed entry", () => {
  it("has 187 bytes and its statement", () => {
    expect(ex.seedEntry).toHaveLength(187 + ex.statement.length);
    expect(ex.seedEntry).toHaveLength(396);
    expect(Buffer.from(ex.seedEntry).toString("base64")).toHaveLength(528);
  });

  it("comes back as it went in", () => {
    expect(parseSeedEntry(ex.seedEntry)).toEqual(entry);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.seedEntry, parseSeedEntry)).toEqual([]);
  });

  it.each([
    ["a pool of zeros", { pool: new Uint8Array(64) }, "all-zero"],
    ["a pool of one byte", { pool: new Uint8Array(64).fill(0x58) }, "placeholder"],
    ["a pool of text", { pool: new TextEncoder().encode("replace me ".repeat(6).slice(0, 64)) }, "placeholder"],
    ["a claimKey of zeros", { claimKey: new Uint8Array(32) }, "all-zero"],
    ["a psk0 of zeros", { psk0: new Uint8Array(32) }, "all-zero"],
    ["another host's statement", { statement: otherStatement }, "mismatch"],
    ["no statement", { statement: new Uint8Array(0) }, "malformed"],
  ])("refuses %s", (_, change, code) => {
    expect(refusal(() => parseSeedEntry(encodeSeedEntry({ ...entry, ...change })))).toBe(code);
  });

  it("says what is wrong, not what the secret was", () => {
    const bytes = Uint8Array.from(ex.seedEntry);
    bytes.fill(0, 25, 26);
    expect(() => parseSeedEntry(bytes)).toThrow("seed entry: the checksum is wrong");
  });

  it("does not encode fields of another length", () => {
    expect(() => encodeSeedEntry({ ...entry, pool: new Uint8Array(63) })).toThrow("pool: expected 64 bytes, got 63");
  });
});

/** Of five hosts. */
function fiveEntries(): Uint8Array[] {
  return [1, 2, 3, 4, 5].map((number) => {
    const hostId = ex.example(`host ${number}`, 8);
    const statement = encodeStatement({ ...ex.statementFields, hostId }, ex.signRoot);
    return encodeSeedEntry({ ...entry, hostId, statement });
  });
}

describe("seed file", () => {
  it("holds an entry for each host", () => {
    const file = encodeSeedFile([ex.seedEntry, otherEntry]);
    expect(parseSeedFile(file).map(({ hostId }) => hostId)).toEqual([ex.hostId, otherId]);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    // Cut exactly between two entries it would be a shorter, valid file: the hook cannot know how many hosts there
    // should be.
    expect(survivors(encodeSeedFile([ex.seedEntry]), parseSeedFile)).toEqual([]);
  });

  it.each([
    ["nothing", new Uint8Array(0), "malformed"],
    ["two entries of one host", concat(lp(ex.seedEntry), lp(ex.seedEntry)), "mismatch"],
    ["a good entry and a damaged one", concat(lp(ex.seedEntry), lp(otherEntry.slice(1))), "bad-version"],
    ["five entries", concat(...fiveEntries().map((bytes) => lp(bytes))), "malformed"],
    ["text", new TextEncoder().encode("#cloud-config\n"), "malformed"],
  ])("refuses %s", (_, bytes, code) => {
    expect(refusal(() => parseSeedFile(bytes))).toBe(code);
  });

  it("is never made empty, or for more than four hosts", () => {
    expect(() => encodeSeedFile([])).toThrow(RangeError);
    expect(() => encodeSeedFile(fiveEntries())).toThrow(RangeError);
    expect(parseSeedFile(encodeSeedFile(fiveEntries().slice(1)))).toHaveLength(4);
  });
});
