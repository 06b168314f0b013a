/** How often a seed gets fresh bytes: an answer costs entropy, and whoever holds the seed may ask. */
import type { Database } from "./database.ts";

const DAY = 86_400;
/** Answers per seed and day, besides the first. */
const ANSWERS_PER_DAY = 8;

/** Counts one more answer, inside the caller's transaction. @returns false when the seed had its share for today */
export function countAnswer(db: Database, seedId: Uint8Array, now: number): boolean {
  const sql = `UPDATE seed SET answers = CASE WHEN answer_day = ?1 THEN answers + 1 ELSE 1 END, answer_day = ?1
               WHERE seed_id = ?2 AND (answer_day != ?1 OR answers < ?3)`;
  return db.run(sql, Math.floor(now / DAY), seedId, ANSWERS_PER_DAY) === 1;
}

/** Whether the seed had its share for today; counts nothing. */
export function answersSpent(db: Database, seedId: Uint8Array, now: number): boolean {
  const sql = "SELECT 1 FROM seed WHERE seed_id = ? AND answer_day = ? AND answers >= ?";
  return db.get(sql, seedId, Math.floor(now / DAY), ANSWERS_PER_DAY) !== null;
}
