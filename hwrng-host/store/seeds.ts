/** Committed seeds, and the VMs that grow from them. */
import { canonicalAddress, type VmState } from "@bootseed/protocol";
import { z } from "zod";
import { SOURCE_CLASSES } from "../sources/source.ts";
import { ASKERS, askersIn } from "./alarms.ts";
import { column, type Database } from "./database.ts";
import type { Droplet, NewSeed, SeedStore, TopUp, VmRow } from "./store.ts";

const BIND = z.enum(["instance", "first-claim"]);
const SOURCE_CLASS = z.enum(SOURCE_CLASSES);
const ADDRESSES = z.array(z.string());

const SELECT = `
SELECT s.*, e.claimed_at, e.counter, e.sent_at, e.top_ups, e.receipted, e.receipt_at, e.rc_mix, e.rc_reseed,
  e.imported, e.revoked_at, e.rolled_back_at, e.identity_pk, r.json AS report_json, r.reported_at,
  r.changed_json, r.changed_at,
  ${ASKERS} AS askers
FROM seed s LEFT JOIN enrolment e USING (seed_id) LEFT JOIN report r USING (seed_id)`;

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

  bindCreated(stack: string, droplet: Droplet): VmRow | null {
    const { urn, instanceId } = droplet;
    const addresses = JSON.stringify(canonical(droplet.addresses));
    const known = this.#db.get(
      "SELECT seed_id, addresses FROM seed WHERE stack = ? AND urn = ? AND instance_id = ? ORDER BY committed_at DESC LIMIT 1",
      stack,
      urn,
      instanceId,
    );
    if (known !== null) {
      const seedId = column.blob(known, "seed_id");
      if (column.text(known, "addresses") !== addresses) {
        const sql = "UPDATE seed SET addresses = ? WHERE seed_id = ?";
        this.#db.transaction(() => this.#db.run(sql, addresses, seedId));
      }
      return this.get(seedId);
    }
    // One statement finds and binds: two runs at once cannot bind two ids to one seed.
    const bound = this.#db.transaction(() =>
      this.#db.get(
        `UPDATE seed SET instance_id = ?, addresses = ? WHERE seed_id = (
           SELECT seed_id FROM seed WHERE stack = ? AND urn = ? AND bind = 'instance' AND instance_id IS NULL
           ORDER BY committed_at DESC, seed_id LIMIT 1) RETURNING seed_id`,
        instanceId,
        addresses,
        stack,
        urn,
      ),
    );
    return bound === null ? null : this.get(column.blob(bound, "seed_id"));
  }

  all(): VmRow[] {
    return this.#db.all(`${SELECT} ORDER BY s.committed_at, s.seed_id`).map(toVm);
  }

  get(seedId: Uint8Array): VmRow | null {
    const row = this.#db.get(`${SELECT} WHERE s.seed_id = ?`, seedId);
    return row === null ? null : toVm(row);
  }
}

/** What is no address stays as it is, so that `known-hosts` can name it. */
const canonical = (addresses: readonly string[]): string[] => [
  ...new Set(addresses.map((address) => canonicalAddress(address) ?? address)),
];

function toVm(row: Record<string, unknown>): VmRow {
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
    reportJson: column.textOrNull(row, "report_json"),
    hostKeysChanged: row["changed_at"] !== null,
    changedJson: column.textOrNull(row, "changed_json"),
    changedAt: column.numberOrNull(row, "changed_at"),
    joined: row["joined"] === 1,
    imported: row["imported"] === 1,
    revokedAt: column.numberOrNull(row, "revoked_at"),
    rolledBackAt: column.numberOrNull(row, "rolled_back_at"),
    askers: askersIn(column.text(row, "askers")),
    lastTopUp: topUpOf(row),
    topUps: column.numberOrNull(row, "top_ups") ?? 0,
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
