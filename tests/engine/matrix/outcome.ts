/** What became of the droplets that an act was about, in the words of the table; measured, never said beforehand. */
import type { Snapshot } from "./snapshot.ts";

/** Whether a droplet of this name and stack is meant: `web`, or `stack/web` where several stacks have one. */
export const isSubject = (subjects: readonly string[], { stack, name }: { stack: string; name: string }): boolean =>
  subjects.includes(name) || subjects.includes(`${stack}/${name}`);

/** Ids of the subjects' droplets that a stack knows; also of those that the cloud has no more, and of those that it has still to delete. */
export const idsOf = (subjects: readonly string[], { known }: Snapshot): number[] =>
  known.filter((one) => one.kind !== "report" && isSubject(subjects, one)).map(({ id }) => Number(id));

/** Droplets at the cloud that no stack knows. */
export function orphansIn({ cloud, known }: Snapshot): number[] {
  const ids = new Set(known.filter(({ kind }) => kind !== "report").map(({ id }) => Number(id)));
  return [...cloud.keys()].filter((id) => !ids.has(id));
}

function wordFor(subject: string, before: Snapshot, after: Snapshot): string {
  const [old, now] = [before, after].map((at) => {
    const staying = { ...at, known: at.known.filter(({ kind }) => kind === "droplet") };
    return idsOf([subject], staying).filter((id) => at.cloud.has(id));
  });
  const [was, is] = [old?.[0], now?.[0]];
  if ((old?.length ?? 0) > 1 || (now?.length ?? 0) > 1) throw new Error(`${subject} means several droplets`);
  if (is === undefined) return was === undefined ? "none" : "gone";
  if (was === undefined) return "created";
  if (was !== is) return "replaced";
  const same = JSON.stringify(before.cloud.get(was)) === JSON.stringify(after.cloud.get(is));
  return same ? "kept" : "changed in place";
}

/**
 * @param subjects names of the droplets that the act is about
 * @returns `none`, `created`, `replaced`, `kept`, `changed in place` or `gone`, counted if there are several; with the orphans that are new
 */
export function outcomeOf(subjects: readonly string[], before: Snapshot, after: Snapshot): string {
  const counts = new Map<string, number>();
  for (const subject of subjects) {
    const word = wordFor(subject, before, after);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].map(([word, n]) => (subjects.length === 1 ? word : `${n} ${word}`));
  const known = new Set(orphansIn(before));
  const orphans = orphansIn(after).filter((id) => !known.has(id)).length;
  if (orphans > 0) words.push(orphans === 1 ? "1 orphan" : `${orphans} orphans`);
  return words.join(", ");
}
