import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "./sqlite-store.ts";
import type { JoinInput, Store } from "./store.ts";

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
  store.joins.add({ tokenId, name: "fleet", createdAt: NOW, expiresAt: NOW + 60, uses: 2 });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

describe("a join", () => {
  it("enrols, takes one use, and marks the machine", () => {
    expect(store.joins.join(machine(2))).toEqual({ joined: true, certificate: bytes(165, 2) });
    expect(store.joins.all()).toMatchObject([{ name: "fleet", used: 1 }]);
    expect(store.seeds.all()).toMatchObject([{ name: "vm-2", joined: true, instanceId: "i-2", state: "claimed" }]);
    expect(store.enrolments.get(bytes(16, 2))).toMatchObject({ counter: 0, revokedAt: null });
  });
  it("asked again gives the first certificate and takes no use, also when the token is used up", () => {
    store.joins.join(machine(2));
    store.joins.join(machine(3));
    const again = store.joins.join(machine(2, { certificate: bytes(165, 9) }));
    expect(again).toEqual({ joined: true, certificate: bytes(165, 2) });
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
});
