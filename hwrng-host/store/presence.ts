/** Which VMs of a stack are there: what its program's runs are told, and what they say. */
import { column, type Database } from "./database.ts";
import { UNDER_WAY } from "./created.ts";
import type { LiveVm } from "./store.ts";

/** One pass over the stack's rows, however many there are. */
const LIVE = `
SELECT s.seed_id, s.urn, s.name, s.instance_id, s.committed_at, e.claimed_at, e.revoked_at,
  (e.rolled_back_at IS NOT NULL OR EXISTS (SELECT 1 FROM asker a WHERE a.seed_id = s.seed_id AND a.cleared_at IS NULL)) AS alarmed
FROM seed s LEFT JOIN enrolment e USING (seed_id)
WHERE s.stack = ? AND s.bind = 'instance' AND s.joined = 0 AND s.gone_at IS NULL AND s.forgotten_at IS NULL
ORDER BY s.committed_at, s.seed_id`;

export function liveOf(db: Database, stack: string): LiveVm[] {
  return db.all(LIVE, stack).map((row) => ({
    stack,
    seedId: column.blob(row, "seed_id"),
    urn: column.text(row, "urn"),
    name: column.text(row, "name"),
    instanceId: column.textOrNull(row, "instance_id"),
    committedAt: column.number(row, "committed_at"),
    claimedAt: column.numberOrNull(row, "claimed_at"),
    revokedAt: column.numberOrNull(row, "revoked_at"),
    alarmed: row["alarmed"] === 1,
  }));
}

/** A seed without a machine may still belong to a create that is under way. */
export const mayBeUnderWay = (vm: Pick<LiveVm, "instanceId" | "committedAt">, now: number): boolean =>
  vm.instanceId === null && vm.committedAt > now - UNDER_WAY;

/** @returns those that are newly gone */
export function markAbsent(
  db: Database,
  stack: string,
  vms: readonly { readonly seedId: Uint8Array; readonly urn: string }[],
  now: number,
): Uint8Array[] {
  const mark = `UPDATE seed SET gone_at = ?1 WHERE seed_id = ?2 AND stack = ?3 AND urn = ?4 AND bind = 'instance' AND joined = 0
    AND gone_at IS NULL AND forgotten_at IS NULL AND (instance_id IS NOT NULL OR committed_at <= ?1 - ?5)`;
  return db.transaction(() =>
    vms.filter(({ seedId, urn }) => db.run(mark, now, seedId, stack, urn, UNDER_WAY) === 1).map(({ seedId }) => seedId),
  );
}

/**
 * A machine that is deleted may ask until it stops. One that asks later exists: a run that left it out (`--target`) or a delete that failed
 * said otherwise.
 */
export const heard = (db: Database, seedId: Uint8Array, now: number): boolean =>
  db.transaction(() =>
    db.run("UPDATE seed SET gone_at = NULL WHERE seed_id = ? AND gone_at < ?", seedId, now - UNDER_WAY),
  ) === 1;
