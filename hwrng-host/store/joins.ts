/** Join tokens, and the machines that came with them. No token's key is here: it is derived from the host secret. */
import { nameAllowed } from "../mint/name-pattern.ts";
import { column, type Database } from "./database.ts";
import { PACKET_BURST } from "./hello-plan.ts";
import type { JoinInput, JoinOutcome, JoinRefusal, JoinStore, JoinTokenRow, NewJoinToken } from "./join-store.ts";

export class SqliteJoins implements JoinStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add({ tokenId, names, createdAt, expiresAt, uses, stack }: NewJoinToken): void {
    const sql = `INSERT INTO join_token (token_id, name, names, created_at, expires_at, uses, stack)
      VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6)`;
    this.#db.transaction(() => this.#db.run(sql, tokenId, names, createdAt, expiresAt, uses, stack));
  }

  all(): JoinTokenRow[] {
    return this.#db.all("SELECT * FROM join_token ORDER BY created_at, token_id").map((row) => ({
      tokenId: column.blob(row, "token_id"),
      name: column.text(row, "name"),
      names: column.textOrNull(row, "names"),
      createdAt: column.number(row, "created_at"),
      expiresAt: column.number(row, "expires_at"),
      uses: column.number(row, "uses"),
      stack: column.text(row, "stack"),
      used: column.number(row, "used"),
      revokedAt: column.numberOrNull(row, "revoked_at"),
    }));
  }

  revoke(tokenId: Uint8Array, now: number): boolean {
    const sql = "UPDATE join_token SET revoked_at = COALESCE(revoked_at, ?) WHERE token_id = ?";
    return this.#db.transaction(() => this.#db.run(sql, now, tokenId)) === 1;
  }

  isKnown(seedId: Uint8Array): boolean {
    return this.#db.get("SELECT 1 FROM enrolment WHERE seed_id = ?", seedId) !== null;
  }

  usesLeft(tokenId: Uint8Array): number {
    const token = this.#db.get("SELECT MAX(uses - used, 0) AS left FROM join_token WHERE token_id = ?", tokenId);
    return token === null ? 0 : column.number(token, "left");
  }

  refusal({ tokenId, seedId, name, now }: Pick<JoinInput, "tokenId" | "seedId" | "name" | "now">): JoinRefusal | null {
    const known = this.#db.get("SELECT revoked_at FROM enrolment WHERE seed_id = ?", seedId);
    if (known !== null && known["revoked_at"] !== null) return "revoked";
    // A lost answer costs no second use. But nobody gets a secret with a token that is over.
    const over = this.#over(tokenId, now);
    if (over !== null) return over;
    if (known !== null) return null;
    const used = this.#db.get("SELECT 1 FROM join_token WHERE token_id = ? AND used >= uses", tokenId);
    if (used !== null) return "token-used";
    const names = this.#names(tokenId);
    if (names === null) return "token-without-names";
    return nameAllowed(names, name) === null ? "name-not-allowed" : null;
  }

  join(input: JoinInput): JoinOutcome {
    return this.#db.transaction(() => {
      const why = this.refusal(input);
      if (why !== null) return { joined: false, why };
      const known = this.#db.get(
        "SELECT certificate, name FROM enrolment JOIN seed USING (seed_id) WHERE seed_id = ?",
        input.seedId,
      );
      if (known !== null)
        return { joined: true, certificate: column.blob(known, "certificate"), name: column.text(known, "name") };
      const name = nameAllowed(this.#names(input.tokenId) ?? "", input.name);
      if (name === null) return { joined: false, why: "name-not-allowed" };
      this.#db.run("UPDATE join_token SET used = used + 1 WHERE token_id = ?", input.tokenId);
      this.#db.run(
        `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at, instance_id, joined)
         VALUES (?, (SELECT stack FROM join_token WHERE token_id = ?), '', ?, 'first-claim', ?, ?, ?, 1)`,
        input.seedId,
        input.tokenId,
        name,
        input.sourceClass,
        input.now,
        input.instanceId,
      );
      this.#db.run(
        `INSERT INTO enrolment (seed_id, identity_pk, instance_hash, certificate, claimed_at, tokens, tokens_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        input.seedId,
        input.identityPk,
        input.instanceHash,
        input.certificate,
        input.now,
        PACKET_BURST,
        input.now,
      );
      return { joined: true, certificate: input.certificate, name };
    });
  }

  #names(tokenId: Uint8Array): string | null {
    const token = this.#db.get("SELECT names FROM join_token WHERE token_id = ?", tokenId);
    return token === null ? null : column.textOrNull(token, "names");
  }

  #over(tokenId: Uint8Array, now: number): JoinRefusal | null {
    const token = this.#db.get("SELECT expires_at, revoked_at FROM join_token WHERE token_id = ?", tokenId);
    if (token === null) return "token-unknown";
    if (token["revoked_at"] !== null) return "token-revoked";
    return column.number(token, "expires_at") <= now ? "token-expired" : null;
  }
}
