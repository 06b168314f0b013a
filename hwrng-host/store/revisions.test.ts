import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";

const seedId = new Uint8Array(16).fill(1);
const ID = "01".repeat(16);
const NOW = 1_800_000_000;
const identityPk = new Uint8Array(32).fill(2);
const claim = { seedId, identityPk, instanceId: "i-1", instanceHash: new Uint8Array(32), now: NOW };
const send = { seedId, pkeHash: new Uint8Array(32).fill(3), lastCounter: 0, now: NOW };
const report = { seedId, json: "{}", hostKeys: ["a"], now: NOW };

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-revisions-"));
  store = openSqliteStore(join(dir, "host.db"));
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

const commit = (): boolean =>
  store.seeds.commit({
    seedId,
    stack: "o/p/s",
    urn: "urn:web",
    name: "web",
    bind: "first-claim",
    sourceClass: "chained",
    committedAt: NOW,
  });

it("every act on a VM is a change of that VM", () => {
  const acts: [string, () => unknown][] = [
    ["commit", commit],
    ["an orphan asks", () => store.alarms.asked({ ...claim, instanceId: "i-9" }, false)],
    ["claim", () => store.enrolments.claim({ ...claim, certificate: new Uint8Array(165) })],
    ["report", () => store.reports.accept(report)],
    ["other keys", () => store.reports.accept({ ...report, json: '{"a":1}', hostKeys: ["b"] })],
    ["yet other keys in the same second", () => store.reports.accept({ ...report, json: '{"a":2}', hostKeys: ["c"] })],
    ["packet", () => store.enrolments.recordSend(send)],
    ["receipt", () => store.enrolments.recordReceipt({ seedId, counter: 1, rcMix: 0, rcReseed: 0, now: NOW })],
    ["rolled back", () => store.alarms.rolledBack(seedId, NOW)],
    ["acknowledge", () => store.alarms.acknowledge(seedId, NOW)],
    ["revoke", () => store.enrolments.revoke(seedId, NOW)],
    ["forget", () => store.seeds.forget(seedId, NOW)],
  ];
  for (const [act, run] of acts) {
    const before = store.revisions.now();
    run();
    expect([act, [...store.revisions.changedSince(before)]]).toEqual([act, [ID]]);
    expect([act, store.revisions.now() > before]).toEqual([act, true]);
  }
});

it("an asker alone, and a client, are changes", () => {
  commit();
  const before = store.revisions.now();
  store.alarms.asked({ ...claim, instanceId: "i-9" }, false);
  expect([...store.revisions.changedSince(before)]).toEqual([ID]);
  const client = { clientId: new Uint8Array(8), name: "ci", role: "mint", stacks: ["**"], quotaPerHour: null } as const;
  const then = store.revisions.now();
  store.mintClients.add({ ...client, tokenHash: null, createdAt: NOW, expiresAt: null });
  expect(store.revisions.now()).toBeGreaterThan(then);
});

it("a transaction that failed is no change", async () => {
  const before = store.revisions.now();
  const failed = store.together(() => {
    commit();
    throw new Error("stop");
  });
  await expect(failed).rejects.toThrow("stop");
  expect([store.revisions.now(), [...store.revisions.changedSince(0)], store.seeds.all()]).toEqual([before, [], []]);
});

it("another process has another epoch", () => {
  const { epoch } = store.revisions;
  store.close();
  store = openSqliteStore(join(dir, "host.db"));
  expect(store.revisions.epoch).not.toBe(epoch);
});
