import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { MIGRATIONS } from "./schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const OPTIONS = {
  mayTouch: () => true,
  takesAddresses: true,
  account: "local",
  isAdmin: () => true,
  mayTell: () => true,
  now: 0,
};

const OLD = "2a03:b0c0:0002:00d0:0000:0000:0192:b001";
const CANONICAL = "2a03:b0c0:2:d0::192:b001";

it("C5 (digitalocean/terraform-provider-digitalocean#269): addresses are stored, and those of version 0.3 read, in canonical form", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-addresses-"));
  try {
    const file = join(dir, "host.db");
    const [seedId, who] = [new Uint8Array(16).fill(1), { stack: "o/p/s", urn: "urn:web", name: "web" }];
    const droplet = { urn: "urn:web", instanceId: "7", addresses: [OLD, "203.0.113.7", CANONICAL, "no address"] };
    const expected = [CANONICAL, "203.0.113.7", "no address"];
    const store = openSqliteStore(file);
    store.seeds.commit({ seedId, ...who, bind: "instance", sourceClass: "chained", committedAt: 1 });
    expect(store.seeds.bindCreated("o/p/s", droplet, OPTIONS)?.row.addresses).toEqual(expected);
    store.close();

    const database = new DatabaseSync(file);
    expect(database.prepare("SELECT addresses FROM seed").get()).toEqual({ addresses: JSON.stringify(expected) });
    database.prepare("UPDATE seed SET addresses = ?").run(JSON.stringify([OLD.toUpperCase(), "203.0.113.7"]));
    database.close();
    const again = openSqliteStore(file);
    expect(again.seeds.all()[0]?.addresses).toEqual([CANONICAL, "203.0.113.7"]);
    again.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("C5 (digitalocean/terraform-provider-digitalocean#269): an address that a database of schema 3 has in another spelling goes to the newer VM", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-addresses-"));
  try {
    const file = join(dir, "host.db");
    const old = new DatabaseSync(file);
    old.exec(`${MIGRATIONS.slice(0, 3).join(";")}; PRAGMA user_version = 3`);
    const sql = `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at, instance_id, addresses)
      VALUES (?, 'o/p/s', 'urn:a', 'a', 'instance', 'chained', 1000, '1', ?)`;
    old.prepare(sql).run(new Uint8Array(16).fill(1), JSON.stringify([OLD, "203.0.113.7"]));
    old.close();
    const store = openSqliteStore(file);
    const newer = { seedId: new Uint8Array(16).fill(2), stack: "o/p/s", urn: "urn:b", name: "b" } as const;
    store.seeds.commit({ ...newer, bind: "instance", sourceClass: "chained", committedAt: 2000 });
    const told = { urn: "urn:b", instanceId: "2", addresses: [CANONICAL] };
    store.seeds.bindCreated("o/p/s", told, { ...OPTIONS, now: 2001 });
    expect(store.seeds.all().map((row) => [row.name, row.addresses])).toEqual([
      ["a", ["203.0.113.7"]],
      ["b", [CANONICAL]],
    ]);
    store.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
