import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { prerequisite } from "../../tests/prerequisite.ts";
import { Database } from "./database.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "./schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { ClaimInput, NewSeed, SendInput, Store } from "./store.ts";

const NOW = 1_795_262_400;
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "bootseed-store-"));
  readonly file: string = join(this.path, "host.db");
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function seed(change: Partial<NewSeed> = {}): NewSeed {
  const ids = { seedId: bytes(16, 1), stack: "s", urn: "u", name: "n" };
  return { ...ids, bind: "first-claim", sourceClass: "physical-raw", committedAt: NOW, ...change };
}

function claim(change: Partial<ClaimInput> = {}): ClaimInput {
  const who = { seedId: bytes(16, 1), identityPk: bytes(32, 2), instanceId: "1", instanceHash: bytes(32, 3) };
  return { ...who, certificate: bytes(165, 4), now: NOW, ...change };
}

function send(pke: number, change: Partial<SendInput> = {}): SendInput {
  return { seedId: bytes(16, 1), pkeHash: bytes(32, pke), lastCounter: 0, now: NOW, ...change };
}

function enrolled(store: Store): void {
  store.seeds.commit(seed());
  store.enrolments.claim(claim());
}

describe("the database file", () => {
  it("is readable by its owner only, with its log", () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    store.seeds.commit(seed());
    for (const name of readdirSync(folder.path)) {
      expect([name, statSync(join(folder.path, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    store.close();
  });

  it("serves one process only", () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    expect(() => openSqliteStore(folder.file)).toThrow(/another process holds/);
    store.close();
    openSqliteStore(folder.file).close();
  });

  it("of a newer program is left alone", () => {
    using folder = new Folder();
    openSqliteStore(folder.file).close();
    const db = new DatabaseSync(folder.file);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    expect(() => openSqliteStore(folder.file)).toThrow(
      `schema ${SCHEMA_VERSION + 1}; this program knows up to ${SCHEMA_VERSION}`,
    );
  });

  it("of version 1 is brought to this one, with everything in it, and a crash on the way leaves it as it was", () => {
    using folder = new Folder();
    const old = new DatabaseSync(folder.file);
    old.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
    old.exec(`INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
              VALUES (x'${"01".repeat(16)}', 's', 'u', 'kept', 'first-claim', 'chained', 5)`);
    old.exec("CREATE TABLE push (in_the_way INTEGER)");
    old.close();
    expect(() => openSqliteStore(folder.file)).toThrow(/push already exists/);
    const still = new DatabaseSync(folder.file);
    expect(still.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(still.prepare("SELECT name FROM sqlite_schema WHERE name = 'join_token'").all()).toEqual([]);
    still.exec("DROP TABLE push");
    still.close();
    const store = openSqliteStore(folder.file);
    expect(store.seeds.all()).toMatchObject([{ name: "kept", joined: false, revokedAt: null }]);
    expect(store.joins.all()).toEqual([]);
    store.close();
  });

  it("of version 2 is brought to this one: its seeds count for nobody's quota", () => {
    using folder = new Folder();
    const old = new DatabaseSync(folder.file);
    old.exec(`${MIGRATIONS[0]}; ${MIGRATIONS[1]}; PRAGMA user_version = 2`);
    old.exec(`INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
              VALUES (x'${"02".repeat(16)}', 's', 'u', 'kept', 'first-claim', 'chained', 5)`);
    old.exec(`INSERT INTO join_token (token_id, name, created_at, expires_at, uses)
              VALUES (x'${"03".repeat(16)}', 'kept', 1, 2, 3)`);
    old.exec("CREATE TABLE mint_client (in_the_way INTEGER)");
    old.close();
    expect(() => openSqliteStore(folder.file)).toThrow(/mint_client already exists/);
    const still = new DatabaseSync(folder.file);
    expect(still.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    still.exec("DROP TABLE mint_client");
    still.close();
    const store = openSqliteStore(folder.file);
    expect(store.seeds.all()).toMatchObject([{ name: "kept" }]);
    expect(store.joins.all()).toMatchObject([{ name: "kept", uses: 3 }]);
    expect([store.mintClients.all(), store.mintClients.seedsSince("local", 0)]).toEqual([[], 0]);
    store.close();
  });

  it("of version 3 is brought to this one: a first report without a host key is no report", () => {
    using folder = new Folder();
    const old = new DatabaseSync(folder.file);
    old.exec(`${MIGRATIONS.slice(0, 3).join(";")}; PRAGMA user_version = 3`);
    const [real, empty] = ['{"hostKeys":["b","a"]}', '{"hostKeys":[]}'];
    const rows = [
      ["only empty", empty, "[]", null],
      ["empty, then real", empty, "[]", real],
      ["real, then empty", real, '["a","b"]', empty],
      ["real, then other", real, '["a","b"]', '{"hostKeys":["c"]}'],
    ] as const;
    for (const [at, [name, json, hostKeys, changed]] of rows.entries()) {
      old.exec(`INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
                VALUES (x'${`0${at}`.repeat(16)}', 's', 'u', '${name}', 'first-claim', 'chained', ${at})`);
      const report = old.prepare("INSERT INTO report VALUES (?, ?, ?, 5, ?, ?)");
      report.run(bytes(16, at), json, hostKeys, changed, changed === null ? null : 6);
    }
    old.close();
    const store = openSqliteStore(folder.file);
    expect(store.seeds.all()).toMatchObject([
      { name: "only empty", reportJson: null, hostKeysChanged: false },
      { name: "empty, then real", reportJson: real, reportedAt: 6, hostKeysChanged: false, changedJson: null },
      { name: "real, then empty", reportJson: real, reportedAt: 5, hostKeysChanged: false, changedJson: null },
      { name: "real, then other", reportJson: real, reportedAt: 5, hostKeysChanged: true },
    ]);
    const again = { json: real, hostKeys: ["a", "b"], now: NOW };
    expect(store.reports.accept({ ...again, seedId: bytes(16, 1) })).toBe("same");
    expect(store.reports.accept({ ...again, seedId: bytes(16, 0), hostKeys: [] })).toBe("empty");
    expect(store.reports.accept({ ...again, seedId: bytes(16, 0) })).toBe("first");
    store.close();
  });

  it("that is no database, or cannot be made, is an error with a fix", () => {
    using folder = new Folder();
    writeFileSync(folder.file, "x".repeat(5000));
    const damaged = { exit: 78, message: expect.stringMatching(/is damaged: .*not a database/) };
    expect(() => openSqliteStore(folder.file)).toThrow(expect.objectContaining(damaged));
    expect(() => openSqliteStore(join(folder.path, "none", "host.db"))).toThrow(/cannot open .*ENOENT/);
  });

  it("is written through to the disk at every commit", () => {
    using folder = new Folder();
    const db = new Database(folder.file);
    const pragmas = ["synchronous", "journal_mode", "locking_mode"].map((name) => db.get(`PRAGMA ${name}`)?.[name]);
    expect(pragmas).toEqual([2, "wal", "exclusive"]);
    db.close();
  });
});

describe("a transaction", () => {
  it("that fails half-way leaves nothing, and does not block the next", () => {
    using folder = new Folder();
    const db = new Database(folder.file);
    expect(() =>
      db.transaction(() => {
        db.run(
          `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at)
           VALUES (?, '', '', '', 'instance', '', 0)`,
          bytes(16, 1),
        );
        throw new Error("half-way");
      }),
    ).toThrow("half-way");
    expect(db.all("SELECT * FROM seed")).toEqual([]);
    expect(db.transaction(() => "next")).toBe("next");
    db.close();
  });
});

describe("commit", () => {
  it("counts once", () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    expect(store.seeds.commit(seed())).toBe(true);
    expect(store.seeds.commit(seed({ name: "other" }))).toBe(false);
    expect(store.seeds.all().map(({ name }) => name)).toEqual(["n"]);
    store.close();
  });
});

describe("counters", () => {
  it("rise by one, skip what the guest has seen, and refuse the last one", () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    enrolled(store);
    expect(store.enrolments.recordSend(send(1))).toMatchObject({ sent: true, counter: 1 });
    expect(store.enrolments.recordSend(send(1))).toEqual({ sent: false, why: "repeated key" });
    const ahead = send(2, { lastCounter: 99 });
    expect(store.enrolments.recordSend(ahead)).toMatchObject({ sent: true, counter: 100 });
    expect(store.enrolments.recordSend(send(3))).toEqual({ sent: false, why: "quota" });
    const end = send(4, { lastCounter: Number.MAX_SAFE_INTEGER, now: NOW + 86_400 });
    expect(store.enrolments.recordSend(end)).toEqual({ sent: false, why: "counter spent" });
    expect(store.enrolments.recordSend(send(5, { seedId: bytes(16, 9) }))).toEqual({ sent: false, why: "unknown" });
    store.close();
  });

  it("are acknowledged upwards only, and none that was never sent", () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    enrolled(store);
    store.enrolments.recordSend(send(1));
    store.enrolments.recordSend(send(2));
    const acknowledge = (counter: number): number | undefined => {
      store.enrolments.recordReceipt({ seedId: bytes(16, 1), counter, rcMix: 0, rcReseed: 0, now: NOW });
      return store.enrolments.get(bytes(16, 1))?.receipted;
    };
    expect([acknowledge(3), acknowledge(2), acknowledge(1)]).toEqual([0, 2, 2]);
    store.close();
  });

  it("never repeat, however often the process is killed", { timeout: 60_000 }, async () => {
    using folder = new Folder();
    const store = openSqliteStore(folder.file);
    enrolled(store);
    store.close();
    const counters: number[] = [];
    for (let round = 0; round < 5; round++) {
      const program = new URL("testing/count.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [program, folder.file, String(round)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      const upTo = counters.length + 15 + round;
      for await (const line of createInterface({ input: child.stdout })) {
        counters.push(Number(line));
        if (counters.length === upTo) child.kill("SIGKILL");
      }
      await exited;
    }
    expect(counters.length).toBeGreaterThan(70);
    expect(new Set(counters).size).toBe(counters.length);
    expect(counters).toEqual(counters.toSorted((a, b) => a - b));
  });
});

/** A command with a file system of its own; it needs root or user namespaces. */
function onSmallDisk(mount: string, size: string, command: string): string {
  const namespace = process.getuid?.() === 0 ? "-m" : "-Urm";
  const script = `mount -t tmpfs -o size=${size} none ${mount} && TMPDIR=${mount} exec ${command}`;
  return execFileSync("unshare", [namespace, "sh", "-c", script], { stdio: ["ignore", "pipe", "pipe"] }).toString();
}

function canMount(): boolean {
  using folder = new Folder();
  try {
    onSmallDisk(folder.path, "64k", "true");
    return true;
  } catch {
    return false;
  }
}

const OUTCOME = z.looseObject({ commits: z.array(z.number()) });

const MOUNTS = prerequisite(
  canMount(),
  "expected `unshare -m` to give a file system of our own: run as root, or allow user namespaces",
);

describe.skipIf(!MOUNTS)("a full disk", () => {
  it("is 503 with a fix, leaves nothing half-made, and everything goes on when there is space", () => {
    using folder = new Folder();
    const program = new URL("testing/full-disk.ts", import.meta.url).pathname;
    const out = OUTCOME.parse(JSON.parse(onSmallDisk(folder.path, "256k", `${process.execPath} ${program}`)));
    const committed = out.commits.filter((status) => status === 200).length;
    expect(out.commits.at(-1)).toBe(503);
    expect(out).toMatchObject({
      errorStatus: 503,
      error: { code: "storage-failed", fix: "free space on the disk of the state folder" },
      listed: committed + 1,
      claimWhileFull: 503,
      commitAfter: 200,
      claimAfter: 200,
      packetAfter: 200,
      listedAfter: committed + 2,
    });
  });
});
