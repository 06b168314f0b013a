/** Who won which seed, and the counters of deliveries. */
import { column, type Database } from "./database.ts";
import { type HelloLine, lineOf, PACKET_BURST, type Plan, PLAN_COLUMNS, planOf } from "./hello-plan.ts";
import type {
  ClaimInput,
  ClaimOutcome,
  ClaimStanding,
  Enrolment,
  EnrolmentStore,
  ReceiptInput,
  SendInput,
  SendOutcome,
} from "./store.ts";

const DAY = 86_400;
/** A claim is final only this long after the commit. */
const CLAIM_WINDOW = DAY;

/**
 * For a SELECT over `enrolment e`: whether a report or hello, which its identity signed, was accepted. Then the VM has its
 * certificate, and who repeats its claim, which anyone with its user-data can, is not answered with the secret.
 */
const PROVEN = `(e.sent_at IS NOT NULL OR e.imported = 1
  OR EXISTS (SELECT 1 FROM report r WHERE r.seed_id = e.seed_id)) AS proven`;

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export class SqliteEnrolments implements EnrolmentStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  claim(input: ClaimInput): ClaimOutcome {
    return this.#db.transaction(() => {
      // The one atomic statement that decides: the primary key lets a single insert through.
      const won = this.#db.run(
        `INSERT INTO enrolment (seed_id, identity_pk, instance_hash, certificate, claimed_at, tokens, tokens_at)
         SELECT seed_id, ?, ?, ?, ?, ?, ? FROM seed
         WHERE seed_id = ? AND committed_at > ? AND forgotten_at IS NULL AND gone_at IS NULL AND (bind = 'first-claim' OR instance_id = ?) ON CONFLICT DO NOTHING`,
        input.identityPk,
        input.instanceHash,
        input.certificate,
        input.now,
        PACKET_BURST,
        input.now,
        input.seedId,
        input.now - CLAIM_WINDOW,
        input.instanceId,
      );
      if (won === 1) {
        const sql = "UPDATE seed SET instance_id = ? WHERE seed_id = ? AND bind = 'first-claim'";
        this.#db.run(sql, input.instanceId, input.seedId);
        return { state: 0, certificate: input.certificate };
      }
      return this.#outcomeForOthers(input);
    });
  }

  standing({ seedId, identityPk, instanceId, instanceHash, now }: Omit<ClaimInput, "certificate">): ClaimStanding {
    const row = this.#db.get(
      `SELECT s.bind, s.instance_id, s.committed_at, s.gone_at, s.forgotten_at, e.identity_pk, e.instance_hash, e.revoked_at, ${PROVEN}
       FROM seed s LEFT JOIN enrolment e USING (seed_id) WHERE s.seed_id = ?`,
      seedId,
    );
    if (row === null) return { kind: "unknown", won: false };
    if (row["forgotten_at"] !== null) return { kind: "revoked", won: row["identity_pk"] !== null };
    if (row["identity_pk"] !== null) {
      if (row["revoked_at"] !== null) return { kind: "revoked", won: true };
      if (!equal(column.blob(row, "instance_hash"), instanceHash)) return { kind: "other", won: true };
      if (!equal(column.blob(row, "identity_pk"), identityPk)) return { kind: "own", won: true };
      return { kind: row["proven"] === 1 ? "proven" : "holder", won: true };
    }
    const bound = column.textOrNull(row, "instance_id");
    const late = column.number(row, "committed_at") <= now - CLAIM_WINDOW ? ({ late: true } as const) : {};
    const gone = row["gone_at"] === null ? {} : ({ gone: true } as const);
    if (bound === null)
      return { kind: row["bind"] === "first-claim" ? "own" : "unbound", won: false, ...late, ...gone };
    return { kind: bound === instanceId ? "own" : "other", won: false, ...late, ...gone };
  }

  get(seedId: Uint8Array): Enrolment | null {
    // Columns by name: each that is read costs, and a delivery reads this row three times.
    const row = this.#db.get(
      `SELECT seed_id, identity_pk, instance_hash, counter, receipted, revoked_at,
         (SELECT gone_at FROM seed s WHERE s.seed_id = e.seed_id) AS gone_at FROM enrolment e WHERE seed_id = ?`,
      seedId,
    );
    if (row === null) return null;
    return {
      seedId: column.blob(row, "seed_id"),
      identityPk: column.blob(row, "identity_pk"),
      instanceHash: column.blob(row, "instance_hash"),
      counter: column.number(row, "counter"),
      receipted: column.number(row, "receipted"),
      revokedAt: column.numberOrNull(row, "revoked_at"),
      goneAt: column.numberOrNull(row, "gone_at"),
    };
  }

  lineOf(send: SendInput): HelloLine {
    const row = this.#db.get(`SELECT ${PLAN_COLUMNS} FROM enrolment WHERE seed_id = ?`, send.seedId);
    return row === null ? "line" : lineOf(row, send);
  }

  maySend(send: SendInput): boolean {
    return this.#plan(send).sent;
  }

  recordSend(send: SendInput): SendOutcome {
    return this.#db.transaction(() => {
      const plan = this.#plan(send);
      if (!plan.sent) return plan;
      this.#db.run(
        `UPDATE enrolment SET (${PLAN_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?), sent_at = ?, top_ups = top_ups + 1,
           statement_serial = COALESCE(?, statement_serial),
           rolled_back_at = CASE WHEN ? THEN COALESCE(rolled_back_at, ?) ELSE rolled_back_at END WHERE seed_id = ?`,
        ...plan.row,
        send.now,
        send.statementSerial ?? null,
        plan.rolledBack ? 1 : 0,
        send.now,
        send.seedId,
      );
      return { sent: true, counter: plan.counter, rolledBack: plan.rolledBack };
    });
  }

  recordReceipt({ seedId, counter, rcMix, rcReseed, now }: ReceiptInput): void {
    this.#db.transaction(() =>
      this.#db.run(
        `UPDATE enrolment SET receipted = ?1, receipt_at = ?2, rc_mix = ?3, rc_reseed = ?4,
           line_counter = CASE WHEN ?1 IN (SELECT value FROM json_each(side_counters)) THEN line_counter
             ELSE MAX(line_counter, ?1) END
         WHERE seed_id = ?5 AND receipted < ?1 AND counter >= ?1`,
        counter,
        now,
        rcMix,
        rcReseed,
        seedId,
      ),
    );
  }

  revoke(seedId: Uint8Array, now: number): boolean {
    const sql = "UPDATE enrolment SET revoked_at = COALESCE(revoked_at, ?) WHERE seed_id = ?";
    return this.#db.transaction(() => {
      if (this.#db.run(sql, now, seedId) !== 1) return false;
      // Nobody dials it any more.
      this.#db.run("DELETE FROM push WHERE seed_id = ?", seedId);
      return true;
    });
  }

  reimport(
    vm: Omit<Enrolment, "counter" | "receipted" | "revokedAt" | "goneAt">,
    certificate: Uint8Array,
    now: number,
  ): boolean {
    return this.#db.transaction(() => {
      // Revoked or forgotten while this database, from an older backup, did not know that the VM had claimed.
      const ended = "SELECT 1 FROM seed WHERE seed_id = ? AND forgotten_at IS NOT NULL";
      if (this.#db.get(ended, vm.seedId) !== null) return false;
      // A seed that this database never saw committed: what is known of it is its name.
      this.#db.run(
        `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
         VALUES (?, '', '', ?, 'instance', 'chained', ?) ON CONFLICT DO NOTHING`,
        vm.seedId,
        `reimported-${Buffer.from(vm.seedId.subarray(0, 4)).toString("hex")}`,
        now,
      );
      this.#db.run(
        `INSERT INTO enrolment
           (seed_id, identity_pk, instance_hash, certificate, claimed_at, imported, tokens, tokens_at)
         VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`,
        vm.seedId,
        vm.identityPk,
        vm.instanceHash,
        certificate,
        now,
        PACKET_BURST,
        now,
      );
      return true;
    });
  }

  #outcomeForOthers({ seedId, identityPk, instanceId, instanceHash, now }: ClaimInput): ClaimOutcome {
    const seed = this.#db.get(
      "SELECT instance_id, committed_at, gone_at, forgotten_at FROM seed WHERE seed_id = ?",
      seedId,
    );
    if (seed === null) return { state: "unknown" };
    if (seed["forgotten_at"] !== null) return { state: "revoked" };
    const held = this.#db.get(
      `SELECT identity_pk, instance_hash, certificate, revoked_at, ${PROVEN} FROM enrolment e WHERE seed_id = ?`,
      seedId,
    );
    if (held !== null) {
      if (held["revoked_at"] !== null) return { state: "revoked" };
      const same = equal(column.blob(held, "identity_pk"), identityPk);
      if (!same || !equal(column.blob(held, "instance_hash"), instanceHash)) return { state: 3 };
      if (held["proven"] === 1) return { state: 3 };
      return { state: 0, certificate: column.blob(held, "certificate") };
    }
    this.#db.run("UPDATE seed SET provisional_at = ? WHERE seed_id = ? AND provisional_at IS NULL", now, seedId);
    const bound = column.textOrNull(seed, "instance_id");
    const late = column.number(seed, "committed_at") <= now - CLAIM_WINDOW;
    // A machine that was destroyed before it claimed: what asks is what read its user-data. Told again, it is there.
    const gone = seed["gone_at"] !== null;
    return { state: late || gone || (bound !== null && bound !== instanceId) ? 2 : 1 };
  }

  #plan(send: SendInput): Plan | { sent: false; why: "unknown" } {
    const row = this.#db.get(`SELECT ${PLAN_COLUMNS} FROM enrolment WHERE seed_id = ?`, send.seedId);
    return row === null ? { sent: false, why: "unknown" } : planOf(row, send);
  }
}
