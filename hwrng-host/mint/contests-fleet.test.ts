import { describe, expect, it } from "vitest";
import type { VmRow } from "../store/store.ts";
import { vmRow } from "../testing/vm-row.ts";
import { adminAccounts, contestsOf } from "./contests.ts";

/** A joined machine's row; `asked` counts how often its identity is looked at. */
function joined(index: number, identity: number, asked: { times: number }): VmRow {
  const pk = new Uint8Array(32).fill(identity);
  return Object.defineProperty(vmRow(index), "identityPk", { get: () => (asked.times++, pk) });
}
const contests = (rows: readonly VmRow[]): ReturnType<typeof contestsOf> =>
  contestsOf(rows, new Set(["local"]), () => true);

it("a machine that joined 300 times under one name is no contest, and each row is looked at a few times", () => {
  const asked = { times: 0 };
  const rows = Array.from({ length: 300 }, (_, i) => joined(i, 1, asked));
  expect(contests(rows).size).toBe(0);
  expect(asked.times).toBeLessThan(5 * rows.length);
});

it("of many rows of two machines each names rows of the other machine, at most eight", () => {
  const asked = { times: 0 };
  const rows = Array.from({ length: 300 }, (_, i) => joined(i, i < 299 ? 1 : 2, asked));
  const found = contests(rows);
  const counts = rows.map((row) => found.get(row)?.[0]?.others.map(({ seedId }) => seedId));
  expect(new Set(counts.slice(0, 299).map((others) => others?.join()))).toEqual(
    new Set([Buffer.from(rows[299]?.seedId ?? []).toString("hex")]),
  );
  expect(counts[299]?.length).toBe(8);
  expect(asked.times).toBeLessThan(5 * rows.length);
});

describe("two rows", () => {
  /** Kinds of the contests of each row. */
  const kinds = (...rows: VmRow[]): (string | undefined)[] => {
    const found = contests(rows);
    return rows.map((row) =>
      found
        .get(row)
        ?.map(({ word, kind }) => `${kind} ${word}`)
        .join(),
    );
  };
  const identityPk = new Uint8Array(32).fill(9);
  const seeded = (index: number, more: Partial<VmRow>): VmRow =>
    vmRow(index, { joined: false, stack: "s", urn: `urn:${index}`, bind: "instance", ...more });

  it.each([
    ["a join is proved by its report", { reportedAt: 1 }],
    ["a join is proved by its top-up", { reportedAt: null, lastTopUp: { counter: 1 } as VmRow["lastTopUp"] }],
    ["a claim is proved by its seed", { reportedAt: null, joined: false, stack: "s", urn: "urn:1" }],
  ])("of one identity are one machine: %s", (_, more) => {
    expect(kinds(vmRow(1, { identityPk, ...more }), vmRow(2, { identityPk }))).toEqual([undefined, undefined]);
    expect(contests([vmRow(1, { ...more }), vmRow(2)]).size).toBe(2);
  });

  it("contest a name, an address, or both", () => {
    const [a, b] = [{ addresses: ["192.0.2.7"] }, { addresses: ["192.0.2.7"], name: "other" }];
    expect(kinds(vmRow(1, a), vmRow(2))).toEqual(["name worker-1", "name worker-1"]);
    expect(kinds(vmRow(1, a), vmRow(2, b))).toEqual(["address 192.0.2.7", "address 192.0.2.7"]);
    const both = "address 192.0.2.7,name worker-1";
    expect(kinds(vmRow(1, a), vmRow(2, a))).toEqual([both, both]);
  });

  it.each([
    ["that claimed", { claimedAt: 1, instanceId: null }],
    ["whose droplet was created", { claimedAt: null, instanceId: "2" }],
  ])("of the operator are contested by one %s", (_, more) => {
    expect(kinds(vmRow(1), seeded(2, more))).toEqual(["name worker-1", "name worker-1"]);
  });

  it.each([
    ["is revoked", { revokedAt: 2 }],
    ["is gone", { goneAt: 2 }],
    ["is only committed by the operator", { claimedAt: null, instanceId: null }],
  ])("are no contest where one %s", (_, more) => {
    expect(contests([vmRow(1), seeded(2, more)]).size).toBe(0);
  });

  it("are no contest over an address that a droplet had before it was replaced", () => {
    const old = seeded(1, { urn: "urn:a", name: "a", addresses: ["192.0.2.7"] });
    const next = seeded(2, { urn: "urn:a", name: "a", addresses: ["192.0.2.8"], committedAt: 2 });
    const other = seeded(3, { name: "b", addresses: ["192.0.2.7"] });
    expect(contests([old, next, other]).size).toBe(0);
    expect(contests([old, other]).size).toBe(2);
  });

  it("name the other with the time of its claim, or of its commit before that", () => {
    const rows = [vmRow(1, { committedAt: 3, claimedAt: 7 }), seeded(2, { committedAt: 4, claimedAt: null })];
    const since = [...contests(rows).values()].map(([contest]) => contest?.others[0]?.since);
    expect(since).toEqual([4, 7]);
  });
});

it("adminAccounts returns this machine's account and those of clients that are admin", () => {
  const [admin, minter] = [1, 2].map((byte) => new Uint8Array(8).fill(byte));
  const clients = [
    { clientId: admin, role: "admin" },
    { clientId: minter, role: "mint" },
  ] as unknown as Parameters<typeof adminAccounts>[0];
  expect([...adminAccounts(clients)]).toEqual(["local", `client:${"01".repeat(8)}`]);
});
