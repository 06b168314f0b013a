import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { CommitGroup } from "./commit-group.ts";
import { Database } from "./database.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-group-"));
const db = new Database(join(dir, "host.db"));
db.run("CREATE TABLE note (n INTEGER PRIMARY KEY) STRICT");
const insert = (n: number): number => db.transaction(() => db.run("INSERT INTO note VALUES (?)", n));
const notes = (): unknown[] => db.all("SELECT n FROM note ORDER BY n").map((row) => row["n"]);

/** Time stands still but for what the test says; turns of the event loop go on. */
const stopTime = (): unknown => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.useRealTimers());
afterAll(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("a group of writes", () => {
  it("is one transaction, and nothing is told before it is durable", async () => {
    const group = new CommitGroup(db);
    const told: number[] = [];
    const all = [1, 2, 3].map(async (n) => {
      await group.run(() => insert(n));
      // All that share the commit are there when the first one hears of it.
      told.push(n, notes().length);
    });
    expect(notes()).toEqual([]);
    await Promise.all(all);
    expect(told).toEqual([1, 3, 2, 3, 3, 3]);
  });

  it("tells nobody that it is done when the commit itself fails", async () => {
    // A deferred constraint is looked at by COMMIT, not before.
    db.run("CREATE TABLE owed (n INTEGER REFERENCES note (n) DEFERRABLE INITIALLY DEFERRED) STRICT");
    const group = new CommitGroup(db);
    const wrong = group.run(() => db.run("INSERT INTO owed VALUES (999)"));
    await expect(wrong).rejects.toThrow(/FOREIGN KEY/);
    expect(db.all("SELECT * FROM owed")).toEqual([]);
  });

  it("waits a little for those that are under way, and not for ever", async () => {
    const group = new CommitGroup(db);
    stopTime();
    const leave = [group.enter(), group.enter(), group.enter()];
    let syncs = 0;
    const write = async (n: number): Promise<void> => {
      await group.run(() => insert(n));
      syncs = notes().length;
    };
    const first = write(11);
    await turn();
    expect(notes()).not.toContain(11);
    const second = write(12);
    leave[2]?.();
    await Promise.all([write(13), first, second]);
    expect(syncs).toBe(6);
    // The others never come.
    const last = write(14);
    vi.advanceTimersByTime(5);
    await last;
    expect(notes()).toContain(14);
    for (const n of [11, 12, 13, 14]) db.run("DELETE FROM note WHERE n = ?", n);
  });

  it("waits for company after a commit that had some, and not after one that had none", async () => {
    const group = new CommitGroup(db);
    stopTime();
    await Promise.all([group.run(() => insert(21)), group.run(() => insert(22))]);
    const late = group.run(() => insert(23));
    await turn();
    expect(notes()).not.toContain(23);
    vi.advanceTimersByTime(5);
    await late;
    const soon = group.run(() => insert(24));
    await turn();
    expect(notes()).toContain(24);
    await soon;
    for (const n of [21, 22, 23, 24]) db.run("DELETE FROM note WHERE n = ?", n);
  });

  it("undoes alone the part that throws", async () => {
    const group = new CommitGroup(db);
    const results = await Promise.allSettled([
      group.run(() => insert(4)),
      group.run(() => insert(5) + insert(1)),
      group.run(() => insert(6)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(notes()).toEqual([1, 2, 3, 4, 6]);
  });

  it("tells of nothing that the disk did not take", async () => {
    const group = new CommitGroup(db);
    const full = (n: number): number => {
      insert(n);
      // What SQLite does on a full disk: it ends the transaction by itself.
      db.run("ROLLBACK");
      throw new Error("disk full");
    };
    const results = await Promise.allSettled([group.run(() => insert(7)), group.run(() => full(8))]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(notes()).toEqual([1, 2, 3, 4, 6, 7]);
  });
});
