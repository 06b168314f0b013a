import { describe, expect, it } from "vitest";
import { PushTable } from "../testing/push-table.ts";

const NOW = 1_795_262_400;
const FAR = NOW + 1_000_000;
const DAY = 86_400;

describe("the push table", () => {
  it("gives out what is due, the longest waiting first, and each only once", () => {
    using table = new PushTable();
    const { push } = table;
    for (const n of [1, 2, 3, 4]) push.set(table.enrolled(n), `198.51.100.${n}:7444`, NOW + 4 - n);
    expect(push.take(NOW, 10, NOW + 60, FAR).map(({ address }) => address)).toEqual(["198.51.100.4:7444"]);
    expect(push.take(NOW + 2, 1, NOW + 62, FAR).map(({ address }) => address)).toEqual(["198.51.100.3:7444"]);
    expect(push.take(NOW + 3, 10, NOW + 63, FAR).length).toBe(2);
    expect(push.take(NOW + 3, 10, NOW + 63, FAR)).toEqual([]);
    // No result came, as after a crash: they are due again.
    expect(push.take(NOW + 60, 10, NOW + 120, FAR).length).toBe(1);
  });

  it("knows only VMs whose seed it knows, and replaces addresses", () => {
    using table = new PushTable();
    const seedId = table.enrolled(1);
    expect(table.push.set(new Uint8Array(16).fill(9), "198.51.100.1:7444", NOW)).toBe(false);
    expect(table.push.set(seedId, "198.51.100.1:7444", NOW)).toBe(true);
    expect(table.push.set(seedId, "198.51.100.2:7444", NOW)).toBe(true);
    expect(table.push.all()).toMatchObject([{ seedId, name: "vm-1", address: "198.51.100.2:7444", staleAt: null }]);
    expect([table.push.remove(seedId), table.push.remove(seedId), table.push.all()]).toEqual([true, false, []]);
  });

  it("dials nobody after three failed handshakes in a row, until the VM or an operator shows up", () => {
    using table = new PushTable();
    const { push } = table;
    const seedId = table.enrolled(1);
    const address = "198.51.100.1:7444";
    const settle = (outcome: "failed" | "delivered" | "unreachable"): number =>
      push.settle([{ seedId, address, outcome, nextAt: NOW }], NOW).length;
    push.set(seedId, address, NOW);
    expect([settle("failed"), settle("failed"), settle("delivered")]).toEqual([0, 0, 0]);
    expect([settle("failed"), settle("unreachable"), settle("failed"), settle("failed")]).toEqual([0, 0, 0, 1]);
    expect(push.counts()).toEqual({ total: 1, stale: 1 });
    expect(push.take(FAR, 10, FAR + 60, FAR * 2)).toEqual([]);
    push.seen(seedId, NOW + 5);
    expect(push.all()).toMatchObject([{ failures: 0, staleAt: null, nextAt: NOW + 5 }]);
    push.seen(seedId, NOW + 500);
    expect(push.all()).toMatchObject([{ nextAt: NOW + 5 }]);
    for (let i = 0; i < 3; i++) settle("failed");
    push.set(seedId, address, NOW);
    expect(push.all()).toMatchObject([{ failures: 0, staleAt: null, nextAt: NOW }]);
  });

  it("keeps dialling where nobody answers, but not for ever", () => {
    using table = new PushTable();
    const { push } = table;
    const seedId = table.enrolled(1);
    const result = { seedId, address: "198.51.100.1:7444", outcome: "unreachable", nextAt: NOW } as const;
    push.set(seedId, result.address, NOW);
    for (let day = 0; day < 30; day++) expect(push.settle([result], NOW + day * DAY)).toEqual([]);
    expect(push.settle([result], NOW + 30 * DAY).length).toBe(1);
  });

  it("applies no result to an address that was set meanwhile", () => {
    using table = new PushTable();
    const { push } = table;
    const seedId = table.enrolled(1);
    push.set(seedId, "198.51.100.2:7444", NOW);
    push.settle([{ seedId, address: "198.51.100.1:7444", outcome: "failed", nextAt: NOW + 9 }], NOW);
    expect(push.all()).toMatchObject([{ failures: 0, nextAt: NOW }]);
  });

  it("locks nobody out when the clock goes back", () => {
    using table = new PushTable();
    const seedId = table.enrolled(1);
    table.push.set(seedId, "198.51.100.1:7444", NOW + 400 * DAY);
    expect(table.push.take(NOW, 10, NOW + 60, NOW + 401 * DAY)).toEqual([]);
    expect(table.push.take(NOW, 10, NOW + 60, NOW + DAY)).toMatchObject([{ seedId }]);
    expect(table.push.take(NOW, 10, NOW + 60, NOW + DAY)).toEqual([]);
  });

  it("finds what is due by its index, however many there are", () => {
    using table = new PushTable();
    const plan = table.db
      .all(
        "EXPLAIN QUERY PLAN SELECT seed_id FROM push WHERE stale_at IS NULL AND next_at <= ? ORDER BY next_at LIMIT 9",
        1,
      )
      .map((row) => row["detail"]);
    expect(plan).toEqual([expect.stringMatching(/USING (?:COVERING )?INDEX push_due/)]);
  });
});
