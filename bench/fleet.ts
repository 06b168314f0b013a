/** A database of many enrolled VMs, written by SQL alone: what a host has after years. */
import { Database } from "../hwrng-host/store/database.ts";

/** The table that push reads; made here where the host's schema is older. */
const PUSH_TABLE = `
CREATE TABLE IF NOT EXISTS push (
  seed_id BLOB PRIMARY KEY REFERENCES seed (seed_id),
  address TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  stale_at INTEGER
) STRICT, WITHOUT ROWID`;
const PUSH_INDEX = "CREATE INDEX IF NOT EXISTS push_due ON push (next_at) WHERE stale_at IS NULL";
const NUMBERS = "WITH RECURSIVE vm (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM vm WHERE n + 1 < ?)";
/** As scattered over the index as real names; the number at the end keeps them apart. */
const SEED_ID = "CAST(printf('%08x%08d', (n * 2654435769) % 4294967296, n) AS BLOB)";

/** The 16 bytes that `fill` calls VM number n. */
export function seedIdOf(n: number): Uint8Array {
  const mixed = Number((BigInt(n) * 2654435769n) % 4294967296n);
  return new TextEncoder().encode(mixed.toString(16).padStart(8, "0") + String(n).padStart(8, "0"));
}

export type Fleet = {
  readonly count: number;
  /** of every VM alike */
  readonly identityPk: Uint8Array;
  /** seconds since 1970 */
  readonly now: number;
  /** the first deliveries are spread over this from now on */
  readonly spreadSeconds: number;
  /** of every VM; each has a loopback address of its own */
  readonly port: number;
};

/** @param file of a host's database; made if absent */
export function fill(file: string, { count, identityPk, now, spreadSeconds, port }: Fleet): void {
  const db = new Database(file);
  try {
    db.transaction(() => {
      db.run(PUSH_TABLE);
      db.run(PUSH_INDEX);
      db.run(
        `${NUMBERS} INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
         SELECT ${SEED_ID}, 'stack', 'urn:' || n, 'vm-' || n, 'first-claim', 'physical-raw', ? FROM vm`,
        count,
        now,
      );
      db.run(
        `${NUMBERS} INSERT INTO enrolment (seed_id, identity_pk, instance_hash, certificate, claimed_at, tokens, tokens_at)
         SELECT ${SEED_ID}, ?, zeroblob(32), zeroblob(165), ?, 2, ? FROM vm`,
        count,
        identityPk,
        now,
        now,
      );
      db.run(
        `${NUMBERS} INSERT INTO push (seed_id, address, next_at)
         SELECT ${SEED_ID}, printf('127.%d.%d.%d:%d', 1 + n / 65536, (n / 256) % 256, n % 256, ?),
           ? + CAST(? * (n * 1.0 / ?) AS INTEGER) FROM vm`,
        count,
        port,
        now,
        spreadSeconds,
        count,
      );
    });
  } finally {
    db.close();
  }
}
