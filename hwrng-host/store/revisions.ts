/**
 * What changed in the tables that a list of VMs is made of, since this process opened the database: a number that grows
 * with each change, and of each VM the number of its last one. No clock is involved, and SQLite's own triggers count, so
 * no statement of this program can forget to. Nothing of it is stored: after a restart the numbers begin again, and
 * a client that kept one of them has to read all.
 */
import { randomBytes } from "node:crypto";
import { column, type Database } from "./database.ts";

/** Whose rows a list shows, by the VM that they are of. */
const TABLES = ["seed", "enrolment", "report", "asker"] as const;
const ACTS = [
  ["INSERT", "NEW"],
  ["UPDATE", "NEW"],
  ["DELETE", "OLD"],
] as const;

/** In memory, of this connection alone; the file's lock is exclusive, so there is no other. A rollback takes them back, too. */
const SET_UP = [
  "PRAGMA temp_store = MEMORY",
  "CREATE TEMP TABLE revision (n INTEGER NOT NULL) STRICT",
  "INSERT INTO temp.revision VALUES (1)",
  "CREATE TEMP TABLE vm_revision (seed_id BLOB PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE INDEX temp.vm_revision_by_n ON vm_revision (n)",
  ...TABLES.flatMap((table) =>
    ACTS.map(
      ([act, row]) => `CREATE TEMP TRIGGER ${table}_${act} AFTER ${act} ON main.${table} BEGIN
        UPDATE revision SET n = n + 1;
        INSERT INTO vm_revision VALUES (${row}.seed_id, (SELECT n FROM revision))
          ON CONFLICT DO UPDATE SET n = excluded.n;
      END`,
    ),
  ),
  // Whose commits are the operator's own decides what is contested.
  ...ACTS.map(
    ([act]) => `CREATE TEMP TRIGGER mint_client_${act} AFTER ${act} ON main.mint_client BEGIN
      UPDATE revision SET n = n + 1;
    END`,
  ),
];

export class Revisions {
  readonly #db: Database;
  /** Of this process: numbers of another one say nothing. 16 hex digits. */
  readonly epoch: string = randomBytes(8).toString("hex");

  /** @param db freshly opened */
  constructor(db: Database) {
    this.#db = db;
    for (const sql of SET_UP) db.run(sql);
  }

  /** Grows with each change. */
  now(): number {
    const row = this.#db.get("SELECT n FROM temp.revision");
    if (row === null) throw new Error("expected a revision");
    return column.number(row, "n");
  }

  /** @returns seedIds, hexadecimal, of VMs that changed after `revision` */
  changedSince(revision: number): Set<string> {
    const rows = this.#db.all("SELECT hex(seed_id) AS id FROM temp.vm_revision WHERE n > ?", revision);
    return new Set(rows.map((row) => column.text(row, "id").toLowerCase()));
  }
}
