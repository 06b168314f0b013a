/** Who may mint from elsewhere. No token is here: only its hash, which opens nothing. */
import { z } from "zod";
import { column, type Database } from "./database.ts";
import type { MintClientRow, MintClientStore, NewMintClient } from "./store.ts";

const ROLE = z.enum(["mint", "read", "admin"]);
const STACKS = z.array(z.string());

export class SqliteMintClients implements MintClientStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add(client: NewMintClient): boolean {
    const added = this.#db.transaction(() =>
      this.#db.run(
        `INSERT INTO mint_client (client_id, name, role, stacks, quota_per_hour, token_hash, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        client.clientId,
        client.name,
        client.role,
        JSON.stringify(client.stacks),
        client.quotaPerHour,
        client.tokenHash,
        client.createdAt,
        client.expiresAt,
      ),
    );
    return added === 1;
  }

  all(): MintClientRow[] {
    return this.#db.all("SELECT * FROM mint_client ORDER BY created_at, client_id").map(rowOf);
  }

  byTokenHash(tokenHash: Uint8Array): MintClientRow | null {
    return rowOrNull(this.#db.get("SELECT * FROM mint_client WHERE token_hash = ?", tokenHash));
  }

  byName(name: string): MintClientRow | null {
    return rowOrNull(this.#db.get("SELECT * FROM mint_client WHERE name = ? AND revoked_at IS NULL", name));
  }

  revoke(name: string, now: number): MintClientRow | null {
    const sql = "UPDATE mint_client SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL RETURNING *";
    return rowOrNull(this.#db.transaction(() => this.#db.get(sql, now, name)));
  }

  // `client <> 'local'` says nothing new of these accounts: it is what lets SQLite use the partial index.
  seedsSince(account: string, since: number): number {
    const sql = `SELECT count(*) AS n FROM seed WHERE client = ? AND client <> 'local' AND committed_at > ?`;
    return Number(this.#db.get(sql, account, since)?.["n"]);
  }

  quotaSpentAt(account: string, since: number, quota: number): number | null {
    const sql = `SELECT committed_at FROM seed WHERE client = ? AND client <> 'local' AND committed_at > ?
                 ORDER BY committed_at DESC LIMIT 1 OFFSET ?`;
    const row = this.#db.get(sql, account, since, quota - 1);
    return row === null ? null : column.number(row, "committed_at");
  }
}

type Row = Record<string, unknown>;

const rowOrNull = (row: Row | null): MintClientRow | null => (row === null ? null : rowOf(row));

function rowOf(row: Row): MintClientRow {
  return {
    clientId: column.blob(row, "client_id"),
    name: column.text(row, "name"),
    role: ROLE.parse(row["role"]),
    stacks: STACKS.parse(JSON.parse(column.text(row, "stacks"))),
    quotaPerHour: column.numberOrNull(row, "quota_per_hour"),
    tokenHash: row["token_hash"] === null ? null : column.blob(row, "token_hash"),
    createdAt: column.number(row, "created_at"),
    expiresAt: column.numberOrNull(row, "expires_at"),
    revokedAt: column.numberOrNull(row, "revoked_at"),
  };
}
