import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "./schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { JoinInput } from "./join-store.ts";
import type { Store } from "./store.ts";

const NOW = 1_795_262_400;
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const tokenId = bytes(16, 1);

function machine(n: number, change: Partial<JoinInput> = {}): JoinInput {
  const who = { seedId: bytes(16, n), identityPk: bytes(32, n), instanceId: `i-${n}`, instanceHash: bytes(32, n) };
  const what = { name: `vm-${n}`, sourceClass: "chained" as const, certificate: bytes(165, n), now: NOW };
  return { tokenId, ...who, ...what, ...change };
}

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-joins-"));
  store = openSqliteStore(join(dir, "host.db"));
  store.joins.add({
    tokenId,
    names: "vm-*",
    createdAt: NOW,
    expiresAt: NOW + 60,
    uses: 2,
    stack: "local/join/default",
  });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

describe("a join", () => {
  it("enrols, takes one use, and marks the machine", () => {
    expect(store.joins.join(machine(2))).toEqual({ joined: true, certificate: bytes(165, 2), name: "vm-2" });
    expect(store.joins.all()).toMatchObject([{ name: "vm-*", names: "vm-*", used: 1 }]);
    expect(store.seeds.all()).toMatchObject([{ name: "vm-2", joined: true, instanceId: "i-2", state: "claimed" }]);
    expect(store.enrolments.get(bytes(16, 2))).toMatchObject({ counter: 0, revokedAt: null });
  });
  it("asked again gives the first certificate and takes no use, also when the token is used up", () => {
    store.joins.join(machine(2));
    store.joins.join(machine(3));
    const again = store.joins.join(machine(2, { certificate: bytes(165, 9) }));
    expect(again).toEqual({ joined: true, certificate: bytes(165, 2), name: "vm-2" });
    expect(store.joins.all()).toMatchObject([{ used: 2 }]);
  });
  it("asked again with a token that is over is refused: a stolen token gives no secret for ever", () => {
    store.joins.join(machine(2));
    expect(store.joins.join(machine(2, { now: NOW + 60 }))).toEqual({ joined: false, why: "token-expired" });
    store.joins.revoke(tokenId, NOW);
    expect(store.joins.join(machine(2))).toEqual({ joined: false, why: "token-revoked" });
  });
  it("that is repeated is answered however often its answer was lost, and uses the token once", () => {
    expect(store.joins.isKnown(bytes(16, 2))).toBe(false);
    for (let i = 0; i < 20; i++) expect(store.joins.join(machine(2)).joined).toBe(true);
    expect([store.joins.isKnown(bytes(16, 2)), store.joins.all()]).toMatchObject([true, [{ used: 1 }]]);
  });
  it("is refused when the token is used up, expired, revoked or unknown, and leaves nothing", () => {
    store.joins.join(machine(2));
    expect(store.joins.join(machine(3, { now: NOW + 60 }))).toEqual({ joined: false, why: "token-expired" });
    expect(store.joins.join(machine(3, { tokenId: bytes(16, 9) }))).toEqual({ joined: false, why: "token-unknown" });
    store.joins.join(machine(3));
    expect(store.joins.join(machine(4))).toEqual({ joined: false, why: "token-used" });
    expect(store.joins.revoke(tokenId, NOW)).toBe(true);
    expect(store.joins.join(machine(4))).toEqual({ joined: false, why: "token-revoked" });
    expect(store.seeds.all()).toHaveLength(2);
    expect(store.joins.all()).toMatchObject([{ used: 2, revokedAt: NOW }]);
  });
  it("of a revoked machine is refused", () => {
    store.joins.join(machine(2));
    expect(store.enrolments.revoke(bytes(16, 2), NOW + 1)).toBe(true);
    expect(store.enrolments.revoke(bytes(16, 7), NOW + 1)).toBe(false);
    expect(store.joins.join(machine(2))).toEqual({ joined: false, why: "revoked" });
    expect(store.seeds.all()).toMatchObject([{ revokedAt: NOW + 1 }]);
  });
  it("with a token that version 0.3 made is refused: it allows no name", () => {
    store.close();
    const file = join(dir, "old.db");
    const old = new DatabaseSync(file);
    old.exec(`${MIGRATIONS.slice(0, 3).join(";")}; PRAGMA user_version = 3`);
    const sql = "INSERT INTO join_token (token_id, name, created_at, expires_at, uses) VALUES (?, 'fleet', ?, ?, 20)";
    old.prepare(sql).run(tokenId, NOW, NOW + 60);
    old.close();
    store = openSqliteStore(file);
    expect(store.joins.all()).toMatchObject([{ name: "fleet", names: null, used: 0 }]);
    expect(store.joins.join(machine(3))).toEqual({ joined: false, why: "token-without-names" });
    expect(store.seeds.all()).toEqual([]);
  });
  it("under a name that the token does not allow is refused, and leaves nothing", () => {
    for (const name of ["db-1", "github.com", "vm-", "203.0.113.9"])
      expect(store.joins.join(machine(2, { name }))).toEqual({ joined: false, why: "name-not-allowed" });
    expect(store.seeds.all()).toEqual([]);
    expect(store.joins.all()).toMatchObject([{ used: 0 }]);
  });
});
