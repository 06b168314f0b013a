/** Where and when VMs are dialled: the schedule of a million VMs is an index of this table, and nothing in memory. */
import { column, type Database } from "./database.ts";
import type { PushResult, PushRow, PushStore, PushTarget } from "./push-store.ts";

const DAY = 86_400;
/** Handshakes that may fail in a row: the address of a destroyed machine goes to a stranger. */
const MAX_FAILURES = 3;
/** Nobody there is no failure: after a partition every VM must be dialled again. But not for ever. */
const UNHEARD_SECONDS = 30 * DAY;

export class SqlitePush implements PushStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  set(seedId: Uint8Array, address: string, nextAt: number): boolean {
    const sql = `INSERT INTO push (seed_id, address, next_at) SELECT seed_id, ?2, ?3 FROM seed WHERE seed_id = ?1
                 ON CONFLICT DO UPDATE SET address = ?2, next_at = ?3, failures = 0, stale_at = NULL`;
    return this.#db.transaction(() => this.#db.run(sql, seedId, address, nextAt)) === 1;
  }

  remove(seedId: Uint8Array): boolean {
    return this.#db.transaction(() => this.#db.run("DELETE FROM push WHERE seed_id = ?", seedId)) === 1;
  }

  seen(seedId: Uint8Array, nextAt: number): void {
    if (this.#db.get("SELECT 1 FROM push WHERE seed_id = ? AND stale_at IS NOT NULL", seedId) === null) return;
    const sql = "UPDATE push SET stale_at = NULL, failures = 0, next_at = ?2 WHERE seed_id = ?1";
    this.#db.transaction(() => this.#db.run(sql, seedId, nextAt));
  }

  take(now: number, limit: number, until: number, horizon: number): PushTarget[] {
    // Two looks at the index: `OR` would make it a scan.
    const due = "SELECT seed_id FROM push WHERE stale_at IS NULL AND next_at <= ? ORDER BY next_at LIMIT ?";
    const beyond = "SELECT seed_id FROM push WHERE stale_at IS NULL AND next_at > ? LIMIT ?";
    if (this.#db.get(due, now, 1) === null && this.#db.get(beyond, horizon, 1) === null) return [];
    const take = (which: string): string => `UPDATE push SET next_at = ? WHERE seed_id IN (${which}) RETURNING *`;
    return this.#db.transaction(() => {
      const rows = this.#db.all(take(due), until, now, limit);
      if (rows.length < limit) rows.push(...this.#db.all(take(beyond), until, horizon, limit - rows.length));
      return rows.map(toTarget);
    });
  }

  settle(results: readonly PushResult[], now: number): PushTarget[] {
    return this.#db.transaction(() => results.flatMap((result) => this.#settle(result, now)));
  }

  all(): PushRow[] {
    const rows = this.#db.all(
      "SELECT push.*, seed.name FROM push JOIN seed USING (seed_id) ORDER BY seed.name, seed_id",
    );
    return rows.map((row) => ({
      ...toTarget(row),
      name: column.text(row, "name"),
      nextAt: column.number(row, "next_at"),
      staleAt: column.numberOrNull(row, "stale_at"),
    }));
  }

  counts(): { total: number; stale: number } {
    const row = this.#db.get("SELECT count(*) AS total, count(stale_at) AS stale FROM push") ?? {};
    return { total: column.number(row, "total"), stale: column.number(row, "stale") };
  }

  #settle({ seedId, address, outcome, nextAt }: PushResult, now: number): PushTarget[] {
    const failures = { delivered: "0", failed: "failures + 1", unreachable: "failures", postponed: "failures" }[
      outcome
    ];
    const unheard = `(SELECT max(claimed_at, COALESCE(sent_at, 0)) FROM enrolment e WHERE e.seed_id = push.seed_id)`;
    const stale = {
      delivered: "0",
      failed: `failures + 1 >= ${MAX_FAILURES}`,
      unreachable: `COALESCE(${unheard} <= ?4 - ${UNHEARD_SECONDS}, 0)`,
      postponed: "0",
    }[outcome];
    const sql = `UPDATE push SET next_at = ?3, failures = ${failures}, stale_at = CASE WHEN ${stale} THEN ?4 END
                 WHERE seed_id = ?1 AND address = ?2 RETURNING *`;
    const rows = this.#db.all(sql, seedId, address, nextAt, now);
    return rows.filter((row) => row["stale_at"] !== null).map(toTarget);
  }
}

function toTarget(row: Record<string, unknown>): PushTarget {
  return {
    seedId: column.blob(row, "seed_id"),
    address: column.text(row, "address"),
    failures: column.number(row, "failures"),
  };
}
