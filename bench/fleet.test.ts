import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../hwrng-host/store/sqlite-store.ts";
import { fill, seedIdOf } from "./fleet.ts";
import { runSchedule } from "./schedule/run.ts";

const NOW = 1_800_000_000;
const IDENTITY = new Uint8Array(32).fill(7);

const dir = mkdtempSync(join(tmpdir(), "bootseed-fleet-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function fleet(count: number): string {
  const file = join(dir, `${count}.db`);
  fill(file, { count, identityPk: IDENTITY, now: NOW, spreadSeconds: 600, port: 7444 });
  return file;
}

describe("a fleet", () => {
  it("is one that the store knows, by the names that the bench uses, each with an address of its own", () => {
    const store = openSqliteStore(fleet(300));
    expect(store.enrolments.get(seedIdOf(299))).toMatchObject({ identityPk: IDENTITY, counter: 0 });
    expect(store.enrolments.get(seedIdOf(300))).toBeNull();
    const rows = store.push.all();
    expect(new Set(rows.map(({ address }) => address)).size).toBe(300);
    expect(rows.find(({ name }) => name === "vm-258")).toMatchObject({ address: "127.1.1.2:7444", nextAt: NOW + 516 });
    store.close();
  });

  it("is delivered to as it falls due, each VM once", async () => {
    // 600 VMs over 600 s: one a second, the first at once.
    expect(await runSchedule(fleet(600), NOW, 60)).toMatchObject({ delivered: 60 });
  });
});
