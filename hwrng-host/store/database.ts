/** node:sqlite the way a service needs it: durable commits, one process, schema version, errors that say what to do. */
import { closeSync, openSync, rmSync } from "node:fs";
import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { canonicalColumn } from "./addresses.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "./schema.ts";

/** Primary result codes (https://www.sqlite.org/rescode.html); the low byte of an extended one. */
const SQLITE_OK = 0;
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** A megabyte: a few milliseconds. */
const PAGES_AT_ONCE = 256;

/** Each meets a transaction with the share of time that transactions take: this many in a row is another trouble. */
const SNAPSHOT_TRIES = 100;

type Row = Record<string, unknown>;

/** An open database file. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #file: string;
  #snapshots = 0;

  /**
   * Opens or creates the file (0600), and brings a new one to the current schema.
   * @throws HostError when another process serves it, when it is newer than this program, or cannot be written
   */
  constructor(file: string) {
    this.#file = file;
    try {
      // Made first, so that SQLite gives the same mode to the write-ahead log.
      closeSync(openSync(file, "a", 0o600));
    } catch (cause) {
      const fix = "make the state folder writable for the service's user";
      throw new HostError("storage-failed", `cannot open ${file}: ${messageOf(cause)}`, fix, EXIT.io, { cause });
    }
    this.#db = this.#guard(() => new DatabaseSync(file, { enableForeignKeyConstraints: true }));
    try {
      this.#guard(() => {
        // EXCLUSIVE: a second service on this folder would give out the same counters.
        this.#db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        this.#migrate();
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /**
   * Runs `work` as one transaction: all of it is durable on return, or none of it happened. Inside another transaction
   * it is a part of that one, and what it throws must end that one too: there is no savepoint to go back to.
   */
  transaction<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    return this.#guard(() => {
      // Prepared once: parsing the two words was a seventh of a commit's processor time.
      this.#prepare("BEGIN IMMEDIATE").run();
      try {
        const result = work();
        this.#prepare("COMMIT").run();
        return result;
      } catch (error) {
        // SQLite ends the transaction by itself on some errors (full disk); a second ROLLBACK would be an error.
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** @returns number of rows changed */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  get(sql: string, ...values: SQLInputValue[]): Row | null {
    return this.#guard(() => this.#prepare(sql).get(...values) ?? null);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values));
  }

  /**
   * A consistent copy of everything committed, page by page beside the work of others: nobody waits for it.
   * @returns its path: the caller removes it, and the next start of a service does if nobody did
   * @throws HostError "storage-failed"; no half of a copy stays
   */
  async snapshot(): Promise<string> {
    const copy = `${this.#file}.snapshot-${++this.#snapshots}.${process.pid}.tmp`;
    // Made empty first, so that SQLite gives it no wider mode.
    closeSync(openSync(copy, "w", 0o600));
    try {
      await this.#copyTo(copy);
      return copy;
    } catch (cause) {
      for (const name of [copy, `${copy}-journal`]) rmSync(name, { force: true });
      if (errnoOf(cause) !== "ERR_SQLITE_ERROR") throw cause;
      throw this.#explain(cause);
    }
  }

  /** Again where the first step met a transaction: Node then gives up with "not an error", code 0, instead of busy. */
  async #copyTo(copy: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await backup(this.#db, copy, { rate: PAGES_AT_ONCE });
        return;
      } catch (cause) {
        if (codeOf(cause) !== SQLITE_OK || tries === SNAPSHOT_TRIES) throw cause;
      }
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(): void {
    const version = Number(this.get("PRAGMA user_version")?.["user_version"]);
    if (version > SCHEMA_VERSION) {
      const message = `${this.#file} has schema ${version}; this program knows up to ${SCHEMA_VERSION}`;
      throw new HostError("storage-failed", message, "run the newer bootseed-host, or restore a backup", EXIT.config);
    }
    if (version === SCHEMA_VERSION) {
      // Takes the exclusive lock now instead of at the first request.
      this.transaction(() => this.#db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`));
      return;
    }
    // One transaction: a crash leaves the old version, whole.
    this.#db.function("canonical_addresses", { deterministic: true }, canonicalColumn);
    this.transaction(() => {
      for (const step of MIGRATIONS.slice(version)) this.#db.exec(step);
      this.#db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (errnoOf(cause) !== "ERR_SQLITE_ERROR") throw cause;
      throw this.#explain(cause);
    }
  }

  #explain(cause: unknown): HostError {
    const extended = codeOf(cause) ?? 0;
    const code = extended & 0xff;
    if (code === SQLITE_BUSY) {
      const message = `another process holds ${this.#file}`;
      return new HostError("unavailable", message, "stop the other bootseed-host first", EXIT.unavailable, { cause });
    }
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
      const message = `${this.#file} is damaged: ${messageOf(cause)} (SQLite ${extended})`;
      const fix =
        "restore a backup; or move it away, with its -wal: the service makes an empty one, VMs come back by their certificates, and what was revoked must be revoked again";
      return new HostError("storage-failed", message, fix, EXIT.config, { cause });
    }
    const message = `cannot write ${this.#file}: ${messageOf(cause)} (SQLite ${extended})`;
    const fix = code === SQLITE_FULL ? "free space on the disk of the state folder" : "check the disk (dmesg)";
    return new HostError("storage-failed", message, fix, EXIT.io, { cause });
  }
}

/** The extended result code of what node:sqlite throws. */
function codeOf(cause: unknown): number | null {
  return cause instanceof Error && "errcode" in cause ? Number(cause.errcode) : null;
}

/** Columns of a row, with their types asserted where they leave the database. */
export const column = {
  blob(row: Row, name: string): Uint8Array {
    const value = row[name];
    if (value instanceof Uint8Array) return Uint8Array.from(value);
    throw new TypeError(`column ${name}: expected a blob, got ${typeof value}`);
  },
  text(row: Row, name: string): string {
    const value = row[name];
    if (typeof value === "string") return value;
    throw new TypeError(`column ${name}: expected text, got ${typeof value}`);
  },
  number(row: Row, name: string): number {
    const value = row[name];
    if (typeof value === "number") return value;
    throw new TypeError(`column ${name}: expected a number, got ${typeof value}`);
  },
  textOrNull(row: Row, name: string): string | null {
    return row[name] === null ? null : column.text(row, name);
  },
  numberOrNull(row: Row, name: string): number | null {
    return row[name] === null ? null : column.number(row, name);
  },
} as const;
