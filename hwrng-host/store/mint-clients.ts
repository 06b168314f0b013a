/** Who may mint from elsewhere. No token is here: only its hash, which opens nothing. */
import { z } from "zod";
import { column, type Database } from "./database.ts";
import type { MintClientRow, MintClientStore, NewMintClient, Renewal } from "./mint-client-store.ts";

const ROLE = z.enum(["mint", "read", "admin"]);
const STACKS = z.array(z.string());

const SELECT = `SELECT m.*, (SELECT max(expires_at) FROM earlier_token t WHERE t.client_id = m.client_id) AS earlier_until
  FROM mint_client m`;

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
    return this.#db.all(`${SELECT} ORDER BY created_at, client_id`).map(rowOf);
  }

  byTokenHash(tokenHash: Uint8Array): MintClientRow | null {
    const newest = rowOrNull(this.#db.get(`${SELECT} WHERE token_hash = ?`, tokenHash));
    if (newest !== null) return newest;
    const earlier = this.#db.get("SELECT client_id, expires_at FROM earlier_token WHERE token_hash = ?", tokenHash);
    if (earlier === null) return null;
    const client = rowOrNull(this.#db.get(`${SELECT} WHERE client_id = ?`, column.blob(earlier, "client_id")));
    return client === null ? null : { ...client, tokenHash, expiresAt: column.number(earlier, "expires_at") };
  }

  byName(name: string): MintClientRow | null {
    return rowOrNull(this.#db.get(`${SELECT} WHERE name = ? AND revoked_at IS NULL`, name));
  }

  renew(name: string, { tokenHash, expiresAt, earlierUntil, now }: Renewal): MintClientRow | null {
    return this.#db.transaction(() => {
      const client = this.byName(name);
      if (client === null || client.tokenHash === null) return null;
      const { clientId } = client;
      // An overlap ends all tokens from before: none opens longer than is said of the last one.
      const shorten = "UPDATE earlier_token SET expires_at = MIN(expires_at, ?) WHERE client_id = ?";
      this.#db.run(shorten, Math.max(now, earlierUntil), clientId);
      const until = Math.max(now, Math.min(earlierUntil, client.expiresAt ?? earlierUntil));
      const sql = "INSERT INTO earlier_token (token_hash, client_id, expires_at) VALUES (?, ?, ?)";
      this.#db.run(sql, client.tokenHash, clientId, until);
      this.#db.run(
        "UPDATE mint_client SET token_hash = ?, expires_at = ? WHERE client_id = ?",
        tokenHash,
        expiresAt,
        clientId,
      );
      const renewed = this.byName(name);
      return renewed === null ? null : { ...renewed, earlierUntil: until };
    });
  }

  revoke(name: string, now: number): MintClientRow | null {
    return this.#db.transaction(() => {
      const client = this.byName(name);
      if (client === null) return null;
      this.#db.run("UPDATE mint_client SET revoked_at = ? WHERE client_id = ?", now, client.clientId);
      return { ...client, revokedAt: now };
    });
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
    earlierUntil: column.numberOrNull(row, "earlier_until"),
  };
}
