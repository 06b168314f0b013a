import { expect, it } from "vitest";
import type { VmRow } from "../store/store.ts";
import { contestsOf } from "./contests.ts";

/** A joined machine's row; `asked` counts how often its identity is looked at. */
function joined(index: number, identity: number, asked: { times: number }): VmRow {
  const pk = new Uint8Array(32).fill(identity);
  const seedId = new Uint8Array(16);
  new DataView(seedId.buffer).setUint32(0, index);
  return {
    seedId,
    stack: "",
    urn: "",
    name: "worker-1",
    bind: "first-claim",
    state: "reported",
    sourceClass: "chained",
    addresses: [],
    joined: true,
    imported: false,
    claimedAt: 1,
    committedAt: 1,
    reportedAt: 1,
    reportJson: null,
    changedJson: null,
    changedAt: null,
    hostKeysChanged: false,
    lastTopUp: null,
    topUps: 0,
    instanceId: `${index}`,
    revokedAt: null,
    rolledBackAt: null,
    goneAt: null,
    forgottenAt: null,
    askers: [],
    client: "local",
    get identityPk() {
      asked.times++;
      return pk;
    },
  };
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
