/** First-boot reports: the first stands; other host keys later are kept apart until an operator decides. */
import { createHash } from "node:crypto";
import { column, type Database } from "./database.ts";
import type { ApproveOutcome, ReportInput, ReportStore } from "./store.ts";

/** What older hosts accepted as a first report. It says nothing, so the next report with a key takes its place. */
const NO_KEYS = "[]";

/** SHA-256 of a report's JSON, lower-case hexadecimal: names the report that an operator looked at. */
export const reportDigest = (json: string): string => createHash("sha256").update(json).digest("hex");

/** Order is the VM's own affair: the same keys in another order are the same keys. */
const sorted = (hostKeys: readonly string[]): string => JSON.stringify(hostKeys.toSorted());

export class SqliteReports implements ReportStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  accept({ seedId, json, hostKeys, now }: ReportInput): "first" | "same" | "changed" | "empty" {
    const keys = sorted(hostKeys);
    if (keys === NO_KEYS) return "empty";
    return this.#db.transaction(() => {
      const first = this.#db.run(
        `INSERT INTO report (seed_id, json, host_keys, reported_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET json = ?2, host_keys = ?3, reported_at = ?4, changed_json = NULL, changed_at = NULL
         WHERE host_keys = ?5`,
        seedId,
        json,
        keys,
        now,
        NO_KEYS,
      );
      if (first === 1) return "first";
      const row = this.#db.get("SELECT host_keys FROM report WHERE seed_id = ?", seedId);
      if (row !== null && column.text(row, "host_keys") === keys) return "same";
      this.#db.run("UPDATE report SET changed_json = ?, changed_at = ? WHERE seed_id = ?", json, now, seedId);
      return "changed";
    });
  }

  approve(seedId: Uint8Array, digest: string): ApproveOutcome {
    return this.#db.transaction(() => {
      const row = this.#db.get("SELECT json, changed_json FROM report WHERE seed_id = ?", seedId);
      const changed = row === null ? null : column.textOrNull(row, "changed_json");
      if (row === null || changed === null) return { outcome: "unchanged" };
      const accepted = column.text(row, "json");
      if (digest === reportDigest(accepted)) {
        this.#db.run("UPDATE report SET changed_json = NULL, changed_at = NULL WHERE seed_id = ?", seedId);
        return { outcome: "kept", before: changed, now: accepted };
      }
      if (digest !== reportDigest(changed)) return { outcome: "other" };
      const { hostKeys } = JSON.parse(changed) as { hostKeys: readonly string[] };
      this.#db.run(
        `UPDATE report SET json = changed_json, host_keys = ?, reported_at = changed_at,
           changed_json = NULL, changed_at = NULL WHERE seed_id = ?`,
        sorted(hostKeys),
        seedId,
      );
      return { outcome: "approved", before: accepted, now: changed };
    });
  }
}
