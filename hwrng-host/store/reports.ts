/** First-boot reports: the first stands; other host keys later are kept apart until an operator decides. */
import { column, type Database } from "./database.ts";
import type { ReportInput, ReportStore } from "./store.ts";

export class SqliteReports implements ReportStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  accept({ seedId, json, hostKeys, now }: ReportInput): "first" | "same" | "changed" {
    // Order is the VM's own affair: the same keys in another order are the same keys.
    const keys = JSON.stringify(hostKeys.toSorted());
    return this.#db.transaction(() => {
      const inserted = this.#db.run(
        "INSERT INTO report (seed_id, json, host_keys, reported_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        seedId,
        json,
        keys,
        now,
      );
      if (inserted === 1) return "first";
      const row = this.#db.get("SELECT host_keys FROM report WHERE seed_id = ?", seedId);
      if (row !== null && column.text(row, "host_keys") === keys) return "same";
      this.#db.run("UPDATE report SET changed_json = ?, changed_at = ? WHERE seed_id = ?", json, now, seedId);
      return "changed";
    });
  }
}
