/**
 * What a power cut would have taken at the moment something left the process. kill -9 cannot show that: the kernel
 * keeps what was written. So the order of the calls is checked: written, then synced; renamed, then the folder synced.
 */
import { dirname } from "node:path";
import type { Call } from "./fault.ts";

export type Lost = { readonly at: string; readonly files: readonly string[] };

/** Files of a guest that must outlive a power cut. Locks, marks in /run and temporary files need not. */
export const GUEST_STATE = (path: string): boolean =>
  /\/var\/lib\/bootseed(\/[0-9a-f]{16})?(\/[\w.-]+)?$/.test(path) && !/\/(tmp|new|new\.pub|lock|.*\.tmp)$/.test(path);

/** What a host must not lose: its log of commits. The database itself is synced by checkpoints, never before an answer. */
export const HOST_STATE = (path: string): boolean => path.endsWith("host.db-wal");

/**
 * @param calls of one process and its children, in order
 * @param leaving names of calls that tell somebody: `send`, `mix`
 * @param matters whether this file must be durable by then
 * @returns every such call that was made while some file was not durable
 */
export function unsynced(
  calls: readonly Call[],
  leaving: readonly string[],
  matters: (path: string) => boolean,
): Lost[] {
  // Temporary files too: they become what matters by their rename.
  const dirty = new Set<string>();
  const lost: Lost[] = [];
  for (const { name, detail, hit } of calls) {
    // The fault's own call was never made.
    if (hit) continue;
    const [first = "", second = ""] = detail.split(" ");
    if (name === "write" || name === "truncate" || name === "failed") dirty.add(first);
    else if (name === "sync" || name === "unlink") dirty.delete(first);
    else if (name === "rename" || name === "link") {
      if (dirty.delete(first)) dirty.add(second);
      // A name that is there to stay.
      if (matters(second)) dirty.add(dirname(second));
    } else if (leaving.includes(name)) {
      const files = [...dirty].filter((path) => matters(path));
      if (files.length > 0) lost.push({ at: `${name} ${detail}`, files });
    }
  }
  return lost;
}
