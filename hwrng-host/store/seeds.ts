/** Committed seeds, and the VMs that grow from them. */
import type { VmState } from "@bootseed/protocol";
import { z } from "zod";
import { SOURCE_CLASSES } from "../sources/source.ts";
import { AddressBook } from "./address-book.ts";
import { canonical } from "./addresses.ts";
import { ASKERS, askersIn } from "./alarms.ts";
import { column, type Database } from "./database.ts";
import { bindDroplet, type BindOptions, UNDER_WAY } from "./created.ts";
import { heard, liveOf, markAbsent } from "./presence.ts";
import type { Bound, Droplet, LiveVm, NewSeed, SeedStore, TopUp, VmOutline, VmRow } from "./store.ts";

const BIND = z.enum(["instance", "first-claim"]);
const SOURCE_CLASS = z.enum(SOURCE_CLASSES);
const ADDRESSES = z.array(z.string());

const OUTLINE = `s.*, e.claimed_at, e.counter, e.sent_at, e.top_ups, e.receipted, e.receipt_at, e.rc_mix, e.rc_reseed,
  e.imported, e.revoked_at, e.rolled_back_at, e.identity_pk, e.statement_serial, r.reported_at,
  r.changed_at,
  ${ASKERS} AS askers`;
const FROM = "FROM seed s LEFT JOIN enrolment e USING (seed_id) LEFT JOIN report r USING (seed_id)";
const ORDER = "ORDER BY s.committed_at, s.seed_id";
const SELECT = `SELECT ${OUTLINE}, r.json AS report_json, r.changed_json ${FROM}`;

export class SqliteSeeds implements SeedStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  commit(seed: NewSeed): boolean {
    const changed = this.#db.transaction(() =>
      this.#db.run(
        `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at, client)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        seed.seedId,
        seed.stack,
        seed.urn,
        seed.name,
        seed.bind,
        seed.sourceClass,
        seed.committedAt,
        seed.client ?? "local",
      ),
    );
    return changed === 1;
  }

  bindCreated(stack: string, droplet: Droplet, options: BindOptions): Bound | null {
    const found = this.#db.transaction(() => bindDroplet(this.#db, stack, droplet, options));
    const row = found === null ? null : this.get(found.seedId);
    return found === null || row === null
      ? null
      : { row, isNew: found.isNew === true, movedFrom: found.movedFrom ?? null };
  }

  addressBook(stack: string): AddressBook {
    return new AddressBook(this.#db, stack);
  }

  markGone(stack: string, present: readonly string[], { now, asOf }: { now: number; asOf: number }): VmRow[] {
    return this.#db
      .transaction(() =>
        this.#db.all(
          `UPDATE seed SET gone_at = ?1 WHERE stack = ?2 AND bind = 'instance' AND joined = 0 AND gone_at IS NULL
             AND forgotten_at IS NULL AND committed_at <= ?3 AND (CASE WHEN instance_id IS NULL
               THEN committed_at <= ?1 - ?4 ELSE instance_id NOT IN (SELECT value FROM json_each(?5)) END)
           RETURNING seed_id`,
          now,
          stack,
          asOf,
          UNDER_WAY,
          JSON.stringify(present),
        ),
      )
      .flatMap((row) => this.get(column.blob(row, "seed_id")) ?? []);
  }

  markAbsent(stack: string, vms: readonly { seedId: Uint8Array; urn: string }[], now: number): VmRow[] {
    return markAbsent(this.#db, stack, vms, now).flatMap((seedId) => this.get(seedId) ?? []);
  }

  heard(seedId: Uint8Array, now: number): boolean {
    return heard(this.#db, seedId, now);
  }

  liveOf(stack: string): LiveVm[] {
    return liveOf(this.#db, stack);
  }

  forget(seedId: Uint8Array, now: number, unlessLive: boolean = false): "forgotten" | "live" | "unknown" {
    return this.#db.transaction(() => {
      const sql = `SELECT s.gone_at IS NULL AND s.forgotten_at IS NULL AND e.seed_id IS NOT NULL AND e.revoked_at IS NULL AS live
        FROM seed s LEFT JOIN enrolment e USING (seed_id) WHERE s.seed_id = ?`;
      const row = this.#db.get(sql, seedId);
      if (row === null) return "unknown";
      if (unlessLive && row["live"] === 1) return "live";
      this.#forget(seedId, now);
      return "forgotten";
    });
  }

  forgetUnclaimed(stack: string, before: number, now: number): VmRow[] {
    return this.#db
      .transaction(() => {
        const sql = `SELECT seed_id FROM seed s WHERE stack = ? AND joined = 0 AND forgotten_at IS NULL AND committed_at <= ?
          AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.seed_id = s.seed_id)`;
        const found = this.#db.all(sql, stack, before).map((row) => column.blob(row, "seed_id"));
        for (const seedId of found) this.#forget(seedId, now);
        return found;
      })
      .flatMap((seedId) => this.get(seedId) ?? []);
  }

  #forget(seedId: Uint8Array, now: number): void {
    this.#db.run("UPDATE seed SET forgotten_at = COALESCE(forgotten_at, ?) WHERE seed_id = ?", now, seedId);
    this.#db.run("UPDATE enrolment SET revoked_at = COALESCE(revoked_at, ?) WHERE seed_id = ?", now, seedId);
    this.#db.run("DELETE FROM push WHERE seed_id = ?", seedId);
  }

  all(): VmRow[] {
    return this.#db.all(`${SELECT} ${ORDER}`).map(toVm);
  }

  outlines(): VmOutline[] {
    return this.#db.all(`SELECT ${OUTLINE} ${FROM} ${ORDER}`).map(toOutline);
  }

  many(seedIds: readonly Uint8Array[]): VmRow[] {
    const sql = `${SELECT} WHERE s.seed_id IN (SELECT unhex(value) FROM json_each(?)) ${ORDER}`;
    return this.#db.all(sql, JSON.stringify(seedIds.map((seedId) => Buffer.from(seedId).toString("hex")))).map(toVm);
  }

  get(seedId: Uint8Array): VmRow | null {
    const row = this.#db.get(`${SELECT} WHERE s.seed_id = ?`, seedId);
    return row === null ? null : toVm(row);
  }
}

function toVm(row: Record<string, unknown>): VmRow {
  return {
    ...toOutline(row),
    reportJson: column.textOrNull(row, "report_json"),
    changedJson: column.textOrNull(row, "changed_json"),
  };
}

function toOutline(row: Record<string, unknown>): VmOutline {
  return {
    seedId: column.blob(row, "seed_id"),
    stack: column.text(row, "stack"),
    urn: column.text(row, "urn"),
    name: column.text(row, "name"),
    bind: BIND.parse(row["bind"]),
    sourceClass: SOURCE_CLASS.parse(row["source_class"]),
    committedAt: column.number(row, "committed_at"),
    instanceId: column.textOrNull(row, "instance_id"),
    // Version 0.3 stored them as it was told.
    addresses: canonical(ADDRESSES.parse(JSON.parse(column.text(row, "addresses")))),
    state: stateOf(row),
    claimedAt: column.numberOrNull(row, "claimed_at"),
    reportedAt: column.numberOrNull(row, "reported_at"),
    hostKeysChanged: row["changed_at"] !== null,
    changedAt: column.numberOrNull(row, "changed_at"),
    joined: row["joined"] === 1,
    imported: row["imported"] === 1,
    revokedAt: column.numberOrNull(row, "revoked_at"),
    rolledBackAt: column.numberOrNull(row, "rolled_back_at"),
    askers: askersIn(column.text(row, "askers")),
    goneAt: column.numberOrNull(row, "gone_at"),
    forgottenAt: column.numberOrNull(row, "forgotten_at"),
    lastTopUp: topUpOf(row),
    topUps: column.numberOrNull(row, "top_ups") ?? 0,
    statementSerial: column.numberOrNull(row, "statement_serial"),
    client: column.text(row, "client"),
    identityPk: row["identity_pk"] === null ? null : column.blob(row, "identity_pk"),
  };
}

function stateOf(row: Record<string, unknown>): VmState {
  if (row["reported_at"] !== null) return "reported";
  if (row["claimed_at"] !== null) return "claimed";
  return row["provisional_at"] === null ? "committed" : "provisional";
}

function topUpOf(row: Record<string, unknown>): TopUp | null {
  if (row["sent_at"] === null) return null;
  const counter = column.number(row, "counter");
  const receipted = column.number(row, "receipted") === counter;
  return {
    counter,
    at: column.number(row, "sent_at"),
    receiptAt: receipted ? column.numberOrNull(row, "receipt_at") : null,
    rcMix: receipted ? column.numberOrNull(row, "rc_mix") : null,
    rcReseed: receipted ? column.numberOrNull(row, "rc_reseed") : null,
  };
}
