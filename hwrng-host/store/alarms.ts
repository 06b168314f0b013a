/**
 * What the host notices about a VM and keeps until an operator clears it: that its counter went back, and machines that
 * ask with its seed and are not that VM: a rebuilt disk, an instance id that changed, a create that was retried, a copy
 * of its user-data. Anyone who holds the seed may ask as often as he likes, so rows and writes are bounded.
 */
import { toHex, type Asker } from "@bootseed/protocol";
import { z } from "zod";
import type { Database } from "./database.ts";
import type { AlarmStore, ClaimInput } from "./store.ts";

/**
 * Machines per VM that are remembered, apart for each kind: a flood of one kind must not hide another, and those that an
 * operator has cleared make room for those that he has not seen.
 */
const MOST_OF_A_KIND = 8;
/** A machine that is known is written again after this long, with the requests counted meanwhile. */
const WRITE_AGAIN = 3600;

/**
 * For a SELECT over `seed s` with `enrolment e`: JSON of the machines that no operator has cleared. Those that asked
 * before the VM's instance id was known have a row each. The VM's own is not shown, and neither is one that asked alone:
 * it will be the VM.
 */
export const ASKERS = `(SELECT json_group_array(json_object('instanceId', a.instance_id, 'sameInstance', a.same_instance,
  'afterReport', a.after_report, 'undecided', s.instance_id IS NULL AND e.claimed_at IS NULL,
  'firstAt', a.first_at, 'lastAt', a.last_at, 'count', a.count))
  FROM asker a WHERE a.seed_id = s.seed_id AND a.cleared_at IS NULL AND (a.same_instance = 1
    OR a.instance_id <> s.instance_id OR (s.instance_id IS NULL AND (e.claimed_at IS NOT NULL
      OR EXISTS (SELECT 1 FROM asker b WHERE b.seed_id = s.seed_id AND b.instance_id <> a.instance_id)))))`;

const ROWS = z.array(
  z.object({
    instanceId: z.string(),
    sameInstance: z.number(),
    afterReport: z.number(),
    undecided: z.number(),
    firstAt: z.number(),
    lastAt: z.number(),
    count: z.number(),
  }),
);

/** @param json as {@link ASKERS} gives it @returns oldest first */
export function askersIn(json: string): Asker[] {
  return ROWS.parse(JSON.parse(json))
    .map(({ undecided, ...row }) => ({
      ...row,
      sameInstance: row.sameInstance === 1,
      afterReport: row.afterReport === 1,
      ...(undecided === 1 ? { undecided: true as const } : {}),
    }))
    .toSorted((a, b) => a.firstAt - b.firstAt || (a.instanceId < b.instanceId ? -1 : 1));
}

export class SqliteAlarms implements AlarmStore {
  readonly #db: Database;
  /** Requests since the last write, of machines that have a row. */
  readonly #counts = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  asked({ seedId, instanceId, now }: Pick<ClaimInput, "seedId" | "instanceId" | "now">, same: boolean): boolean {
    const key = `${toHex(seedId)} ${instanceId}`;
    const sql =
      "SELECT same_instance, after_report, last_at, cleared_at FROM asker WHERE seed_id = ? AND instance_id = ?";
    const known = this.#db.get(sql, seedId, instanceId);
    if (known === null) return this.#db.transaction(() => this.#insert(seedId, instanceId, now, same));
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    // An orphan was cleared for good: it asks for ever. Any other machine is news again, as the operator was told it ended.
    const alarming = same || known["after_report"] === 1;
    const news = (alarming && known["cleared_at"] !== null) || (same && known["same_instance"] === 0);
    const since = now - Number(known["last_at"]);
    if (!news && since >= 0 && since < WRITE_AGAIN) return false;
    this.#db.transaction(() => {
      if (news) {
        this.#db.run("DELETE FROM asker WHERE seed_id = ? AND instance_id = ?", seedId, instanceId);
        this.#insert(seedId, instanceId, now, same);
        return;
      }
      const again = "UPDATE asker SET last_at = ?, count = count + ? WHERE seed_id = ? AND instance_id = ?";
      this.#db.run(again, now, count, seedId, instanceId);
    });
    this.#counts.delete(key);
    return news;
  }

  isCleared(seedId: Uint8Array, instanceId: string): boolean {
    const sql = "SELECT 1 FROM asker WHERE seed_id = ? AND instance_id = ? AND cleared_at IS NOT NULL";
    return this.#db.get(sql, seedId, instanceId) !== null;
  }

  rolledBack(seedId: Uint8Array, now: number): boolean {
    const sql = "SELECT 1 FROM enrolment WHERE seed_id = ? AND rolled_back_at IS NULL";
    if (this.#db.get(sql, seedId) === null) return false;
    const set = "UPDATE enrolment SET rolled_back_at = ? WHERE seed_id = ?";
    this.#db.transaction(() => this.#db.run(set, now, seedId));
    return true;
  }

  acknowledge(seedId: Uint8Array, now: number): boolean {
    return this.#db.transaction(() => {
      if (this.#db.get("SELECT 1 FROM seed WHERE seed_id = ?", seedId) === null) return false;
      // Whichever copy asks next is the VM; if there is another one, its counter tells again.
      const sql =
        "UPDATE enrolment SET rolled_back_at = NULL, line_counter = 0, side_counters = '[]' WHERE seed_id = ?";
      this.#db.run(sql, seedId);
      this.#db.run("UPDATE asker SET cleared_at = ? WHERE seed_id = ? AND cleared_at IS NULL", now, seedId);
      return true;
    });
  }

  #insert(seedId: Uint8Array, instanceId: string, now: number, same: boolean): boolean {
    const reported = this.#db.get("SELECT 1 FROM report WHERE seed_id = ?", seedId) !== null;
    const kind = [same ? 1 : 0, reported ? 1 : 0] as const;
    const ofAKind = "FROM asker WHERE seed_id = ? AND same_instance = ? AND after_report = ?";
    if (Number(this.#db.get(`SELECT COUNT(*) AS n ${ofAKind}`, seedId, ...kind)?.["n"]) >= MOST_OF_A_KIND) {
      const oldest = `SELECT instance_id ${ofAKind} AND cleared_at IS NOT NULL ORDER BY cleared_at, last_at LIMIT 1`;
      const evict = `DELETE FROM asker WHERE seed_id = ? AND instance_id = (${oldest})`;
      if (this.#db.run(evict, seedId, seedId, ...kind) === 0) return false;
    }
    const insert = `INSERT INTO asker (seed_id, instance_id, same_instance, after_report, first_at, last_at)
      VALUES (?, ?, ?, ?, ?, ?)`;
    this.#db.run(insert, seedId, instanceId, ...kind, now, now);
    return true;
  }
}
