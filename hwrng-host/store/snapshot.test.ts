import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { removeLeftovers } from "../identity/files.ts";
import { Database } from "./database.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";

const NOW = 1_795_262_400;

/** A committed and claimed seed: two transactions. */
function enrol(store: Store, n: number): void {
  const seedId = new Uint8Array(16);
  new DataView(seedId.buffer).setUint32(0, n);
  const what = { stack: "s".repeat(200), urn: `u${n}`, name: `vm-${n}`, sourceClass: "physical-raw" } as const;
  store.seeds.commit({ ...what, seedId, bind: "first-claim", committedAt: NOW });
  const who = { seedId, identityPk: new Uint8Array(32), instanceId: "1", instanceHash: new Uint8Array(32) };
  store.enrolments.claim({ ...who, certificate: new Uint8Array(165), now: NOW });
}

describe("a snapshot", () => {
  it("begins again where it met a transaction", async () => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-snapshot-"));
    const database = new Database(join(dir, "host.db"));
    // The copy's first step, on another thread, finds the transaction open.
    const copying = database.transaction(() => {
      database.run("PRAGMA application_id = 7");
      const begun = database.snapshot();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      return begun;
    });
    const db = new DatabaseSync(await copying);
    expect(db.prepare("PRAGMA application_id").get()).toEqual({ application_id: 7 });
    db.close();
    database.close();
    rmSync(dir, { recursive: true });
  });

  it("is whole and private while others write, and they do not wait for its end", async () => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-snapshot-"));
    const store = openSqliteStore(join(dir, "host.db"));
    let n = 0;
    for (; n < 3000; n++) enrol(store, n);
    const state = { done: false };
    const copying = store.snapshot().finally(() => (state.done = true));
    let meanwhile = 0;
    while (!state.done) {
      enrol(store, n++);
      meanwhile++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const copy = await copying;
    expect(meanwhile).toBeGreaterThan(1);
    expect([dirname(copy), statSync(copy).mode & 0o777]).toEqual([dir, 0o600]);
    expect(await store.snapshot()).not.toBe(copy);
    const db = new DatabaseSync(copy);
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    expect(db.prepare("PRAGMA foreign_key_check").all()).toEqual([]);
    expect(Number(db.prepare("SELECT count(*) AS n FROM enrolment").get()?.["n"])).toBeGreaterThanOrEqual(3000);
    db.close();
    store.close();
    const again = openSqliteStore(copy);
    expect(again.seeds.all().length).toBeGreaterThanOrEqual(3000);
    again.close();
    // Nobody took the second one: the next start removes it.
    removeLeftovers(dir);
    expect(readdirSync(dir)).toEqual(["host.db"]);
    rmSync(dir, { recursive: true });
  });
});
