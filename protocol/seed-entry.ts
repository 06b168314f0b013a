/**
 * The seed entry: what one host gives one VM before that VM exists; and the seed file: the entries of all its hosts.
 *
 *     seed entry = version ‖ hostId 8 ‖ seedId 16 ‖ pool 64 ‖ claimKey 32 ‖ psk0 32 ‖ lp(statement) ‖ SHA-256 of all before 32
 *     seed file  = 1 to 4 × lp(seed entry), one per host
 */
import { concat, equalConstantTime, exactly, lp, Reader, toHex, u8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { VERSION } from "./labels.ts";
import { sha256 } from "./mac.ts";
import { parseStatement } from "./statement.ts";

const MAX_ENTRIES = 4;

/** What a seed entry carries. `pool`, `claimKey` and `psk0` are secrets. */
export interface SeedEntry {
  /** 8 bytes */
  readonly hostId: Uint8Array;
  /** 16 bytes */
  readonly seedId: Uint8Array;
  /** 64 bytes, for the kernel and nowhere else */
  readonly pool: Uint8Array;
  /** 32 bytes: MAC key of the claim */
  readonly claimKey: Uint8Array;
  /** 32 bytes: half of the delivery PSK; the other half comes with the claim's answer */
  readonly psk0: Uint8Array;
  /** the host's statement, whole */
  readonly statement: Uint8Array;
}

/** @returns 187 bytes + the statement @throws RangeError for a field of the wrong length */
export function encodeSeedEntry(entry: SeedEntry): Uint8Array {
  const body = concat(
    u8(VERSION),
    exactly(entry.hostId, 8, "hostId"),
    exactly(entry.seedId, 16, "seedId"),
    exactly(entry.pool, 64, "pool"),
    exactly(entry.claimKey, 32, "claimKey"),
    exactly(entry.psk0, 32, "psk0"),
    lp(entry.statement),
  );
  return concat(body, sha256(body));
}

/**
 * Reads a seed entry and refuses everything that cannot have come from a host: cut short, damaged, trailing bytes,
 * all-zero secrets, a template's placeholder, a statement that does not parse or names another host.
 *
 * @throws BootseedError "malformed", "bad-version", "bad-checksum", "all-zero", "placeholder", "mismatch", and those of
 * `parseStatement`
 */
export function parseSeedEntry(bytes: Uint8Array): SeedEntry {
  const reader = new Reader(bytes, "seed entry");
  reader.version();
  const entry: SeedEntry = {
    hostId: reader.take(8, "hostId"),
    seedId: reader.take(16, "seedId"),
    pool: reader.take(64, "pool"),
    claimKey: reader.take(32, "claimKey"),
    psk0: reader.take(32, "psk0"),
    statement: reader.lp("statement"),
  };
  const covered = bytes.subarray(0, reader.offset);
  const checksum = reader.take(32, "checksum");
  reader.end();
  if (!equalConstantTime(checksum, sha256(covered)))
    throw new BootseedError(
      "bad-checksum",
      "seed entry: the checksum is wrong: the entry was damaged on its way; mint a new one",
    );
  refusePlaceholder(entry);
  if (!equalConstantTime(parseStatement(entry.statement).hostId, entry.hostId))
    throw new BootseedError("mismatch", "seed entry: its statement belongs to another host");
  return entry;
}

/** @param entries - 1 to 4 encoded entries, one per host @throws RangeError for another number */
export function encodeSeedFile(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > MAX_ENTRIES)
    throw new RangeError(`seed file: expected 1 to ${MAX_ENTRIES} entries, got ${entries.length}`);
  return concat(...entries.map((entry) => lp(entry)));
}

/**
 * Reads a seed file. All or nothing: one bad entry refuses the file, since whoever damaged one had the others too.
 *
 * @throws BootseedError as `parseSeedEntry`, and "mismatch" if two entries are from one host
 */
export function parseSeedFile(bytes: Uint8Array): SeedEntry[] {
  const reader = new Reader(bytes, "seed file");
  const entries: SeedEntry[] = [];
  while (reader.left > 0 && entries.length < MAX_ENTRIES) entries.push(parseSeedEntry(reader.lp("seed entry")));
  reader.end();
  if (entries.length === 0) reader.refuse("it is empty: expected at least one entry");
  if (new Set(entries.map((entry) => toHex(entry.hostId))).size !== entries.length)
    throw new BootseedError("mismatch", "seed file: two entries are from the same host");
  return entries;
}

/**
 * 64 random bytes are all equal with probability 2^-504 and all printable with 2^-91: somebody's template was never
 * filled in, or a generator is dead.
 */
function refusePlaceholder({ pool, claimKey, psk0 }: SeedEntry): void {
  if ([pool, claimKey, psk0].some((secret) => secret.every((byte) => byte === 0)))
    throw new BootseedError(
      "all-zero",
      "seed entry: a secret is all zeros: whatever made it had no generator; mint one",
    );
  if (pool.every((byte) => byte === pool[0]) || pool.every((byte) => byte >= 0x20 && byte <= 0x7e))
    throw new BootseedError("placeholder", "seed entry: the pool is a placeholder, not a seed: mint one");
}
