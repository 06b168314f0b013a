import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "./schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-join-stack-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("a database of version 5", () => {
  it("puts its joined machines and its tokens into local/join/default, and leaves all other rows as they are", () => {
    const file = join(dir, "host.db");
    const old = new DatabaseSync(file);
    old.function("canonical_addresses", (text) => text);
    old.exec(`${MIGRATIONS.slice(0, 5).join(";")}; PRAGMA user_version = 5`);
    const row = (id: string, stack: string, name: string, joined: number): string =>
      `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at, joined)
       VALUES (x'${id.repeat(16)}', '${stack}', '', '${name}', 'first-claim', 'chained', 5, ${joined})`;
    old.exec(row("01", "", "joined", 1));
    old.exec(row("02", "", "taken back", 0));
    old.exec(row("03", "acme/web/prod", "seeded", 0));
    old.exec(`INSERT INTO join_token (token_id, name, names, created_at, expires_at, uses)
              VALUES (x'${"04".repeat(16)}', 'db-1', 'db-1', 1, 2, 3)`);
    old.close();
    const store = openSqliteStore(file);
    const stacks = Object.fromEntries(store.seeds.all().map(({ name, stack }) => [name, stack]));
    expect(stacks).toEqual({ joined: "local/join/default", "taken back": "", seeded: "acme/web/prod" });
    expect(store.joins.all()).toMatchObject([{ names: "db-1", uses: 3, stack: "local/join/default" }]);
    store.close();
  });
});
