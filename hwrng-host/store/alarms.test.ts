import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "./schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store, VmRow } from "./store.ts";

const NOW = 1_795_262_400;
const HOUR = 3600;
const seedId = new Uint8Array(16).fill(1);

let dir = "";
let store: Store;
const file = (): string => join(dir, "host.db");
const vm = (): VmRow | null => store.seeds.get(seedId);
const asked = (instanceId: string, now = NOW, same = false): boolean =>
  store.alarms.asked({ seedId, instanceId, now }, same);
const report = (): void => void store.reports.accept({ seedId, json: "{}", hostKeys: ["key"], now: NOW });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-alarms-"));
  store = openSqliteStore(file());
  const names = { stack: "s", urn: "u", name: "n", bind: "first-claim", sourceClass: "chained" } as const;
  store.seeds.commit({ seedId, ...names, committedAt: NOW });
  const [identityPk, instanceHash] = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)];
  const certificate = new Uint8Array(165);
  store.enrolments.claim({ seedId, identityPk, instanceId: "1", instanceHash, certificate, now: NOW });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

describe("a machine that asks with a VM's seed", () => {
  it("is remembered with its times, and whether the VM had reported", () => {
    expect([asked("2"), vm()?.askers]).toEqual([
      true,
      [{ instanceId: "2", sameInstance: false, afterReport: false, firstAt: NOW, lastAt: NOW, count: 1 }],
    ]);
    report();
    asked("1", NOW + 1, true);
    store.close();
    store = openSqliteStore(file());
    expect(vm()?.askers.at(-1)).toMatchObject({ instanceId: "1", sameInstance: true, afterReport: true });
  });

  it("is written at most once an hour, with the requests counted meanwhile", () => {
    asked("2");
    for (let i = 1; i < 1000; i++) expect(asked("2", NOW + i)).toBe(false);
    expect(vm()?.askers).toMatchObject([{ lastAt: NOW, count: 1 }]);
    asked("2", NOW + HOUR);
    expect(vm()?.askers).toMatchObject([{ firstAt: NOW, lastAt: NOW + HOUR, count: 1001 }]);
  });

  it("that asked before the VM's instance id was known is not taken for news after the report", () => {
    const other = new Uint8Array(16).fill(7);
    const ask = (instanceId: string, same: boolean): boolean =>
      store.alarms.asked({ seedId: other, instanceId, now: NOW }, same);
    const names = { stack: "s", urn: "v", name: "m", bind: "instance", sourceClass: "chained" } as const;
    store.seeds.commit({ seedId: other, ...names, committedAt: NOW });
    expect([ask("1", false), store.seeds.get(other)?.askers]).toEqual([true, []]);
    expect([ask("2", false), store.seeds.get(other)?.askers]).toMatchObject([
      true,
      [
        { instanceId: "1", undecided: true },
        { instanceId: "2", undecided: true },
      ],
    ]);
    store.seeds.bindCreated(
      "s",
      { urn: "v", instanceId: "1", addresses: [] },
      {
        mayTouch: () => true,
        takesAddresses: true,
        account: "local",
        isAdmin: () => true,
        mayTell: () => true,
        now: 0,
      },
    );
    store.reports.accept({ seedId: other, json: "{}", hostKeys: ["k"], now: NOW });
    ask("2", false);
    expect(store.seeds.get(other)?.askers).toMatchObject([{ instanceId: "2", afterReport: false }]);
    expect(ask("1", true)).toBe(true);
    expect(store.seeds.get(other)?.askers).toMatchObject([
      { instanceId: "1", sameInstance: true, afterReport: true, count: 1 },
      { instanceId: "2" },
    ]);
  });

  it("does not hide another kind by its number: 8 of each are kept", () => {
    for (let i = 0; i < 50; i++) asked(`early-${i}`);
    report();
    for (let i = 0; i < 50; i++) asked(`late-${i}`);
    asked("1", NOW, true);
    const kinds = vm()?.askers.map(({ sameInstance, afterReport }) => `${sameInstance} ${afterReport}`);
    expect(kinds?.toSorted()).toEqual([
      ...Array<string>(8).fill("false false"),
      ...Array<string>(8).fill("false true"),
      "true true",
    ]);
  });
});

describe("acknowledging", () => {
  it("clears what is shown; a machine in the VM's place is shown when it asks again, an orphan is not", () => {
    asked("2");
    asked("1", NOW, true);
    store.alarms.rolledBack(seedId, NOW);
    expect([vm()?.askers.length, vm()?.rolledBackAt]).toEqual([2, NOW]);
    expect(store.alarms.acknowledge(seedId, NOW + 1)).toBe(true);
    expect([vm()?.askers, vm()?.rolledBackAt]).toEqual([[], null]);
    expect([asked("2", NOW + 2 * HOUR), asked("1", NOW + 2, true)]).toEqual([false, true]);
    expect(vm()?.askers).toMatchObject([{ instanceId: "1", firstAt: NOW + 2 }]);
    expect(store.alarms.rolledBack(seedId, NOW + 3)).toBe(true);
  });

  it("does not silence a machine that first asked after the report: it is shown as soon as it asks again", () => {
    report();
    expect(asked("2")).toBe(true);
    store.alarms.acknowledge(seedId, NOW + 1);
    expect([asked("2", NOW + 2), asked("2", NOW + 3)]).toEqual([true, false]);
    expect(vm()?.askers).toMatchObject([{ instanceId: "2", afterReport: true, firstAt: NOW + 2 }]);
  });

  it("makes room: after eight of a kind the next ones are shown, and no more than eight are kept", () => {
    report();
    for (let round = 0; round < 3; round++) {
      const at = NOW + 10 * round;
      const ids = Array.from({ length: 10 }, (_, i) => `${round}-${i}`);
      expect(ids.map((id) => asked(id, at))).toEqual([...Array<boolean>(8).fill(true), false, false]);
      expect(vm()?.askers.map(({ instanceId }) => instanceId)).toEqual(ids.slice(0, 8));
      store.alarms.acknowledge(seedId, at + 1);
    }
    store.close();
    const db = new DatabaseSync(file());
    const rows = db.prepare("SELECT COUNT(*) AS n FROM asker").get();
    db.close();
    store = openSqliteStore(file());
    expect(rows).toEqual({ n: 8 });
  });

  it("of a seed that is not there is refused", () => {
    expect(store.alarms.acknowledge(new Uint8Array(16).fill(9), NOW)).toBe(false);
  });
});

describe("a counter that went back", () => {
  it("keeps the time of the first", () => {
    expect([store.alarms.rolledBack(seedId, NOW), store.alarms.rolledBack(seedId, NOW + 9)]).toEqual([true, false]);
    expect(vm()?.rolledBackAt).toBe(NOW);
  });
});

describe("a database of version 3", () => {
  it("is brought to this one: what was acknowledged stays known", () => {
    const path = join(dir, "old.db");
    const old = new DatabaseSync(path);
    old.exec(`${MIGRATIONS.slice(0, 3).join(";")}; PRAGMA user_version = 3`);
    old.exec(`INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
              VALUES (x'${"02".repeat(16)}', 's', 'u', 'kept', 'first-claim', 'chained', 5)`);
    old.exec(`INSERT INTO enrolment (seed_id, identity_pk, instance_hash, certificate, claimed_at, tokens, tokens_at,
                receipted, counter, pke_hash, rolled_back_at)
              VALUES (x'${"02".repeat(16)}', x'${"03".repeat(32)}', x'${"04".repeat(32)}', x'00', 6, 2, 6, 7, 8,
                x'${"05".repeat(32)}', 9)`);
    old.close();
    const kept = openSqliteStore(path);
    expect(kept.seeds.all()).toMatchObject([{ name: "kept", rolledBackAt: 9, askers: [] }]);
    kept.close();
    const row = new DatabaseSync(path).prepare("SELECT line_counter, hex(answered) AS answered FROM enrolment").get();
    expect(row).toEqual({ line_counter: 7, answered: "05".repeat(8) });
  });
});
