/** Test aid: a row of the host's database, of a machine that joined, claimed and reported. */
import type { VmRow } from "../store/store.ts";

/** @param more what differs */
export function vmRow(index: number, more: Partial<VmRow> = {}): VmRow {
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
    statementSerial: null,
    instanceId: `${index}`,
    revokedAt: null,
    rolledBackAt: null,
    goneAt: null,
    forgottenAt: null,
    askers: [],
    client: "local",
    identityPk: new Uint8Array(32).fill(index),
    ...more,
  };
}
