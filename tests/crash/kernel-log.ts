/** What a guest's kernel was given, read from the calls of its runs (fault.c stands in for the kernel). */
import type { Call } from "./fault.ts";

export type Mixed = {
  readonly credit: number;
  /** At most 128 bytes, hexadecimal. */
  readonly data: string;
  /** The counter that became the newest before it in the same run; null where none did. */
  readonly counter: number | null;
};

/** @param calls of one run, in order */
export function mixes(calls: readonly Call[]): Mixed[] {
  const written = new Map<string, string>();
  let counter: number | null = null;
  const mixed: Mixed[] = [];
  for (const { name, detail, hit } of calls) {
    const [first = "", second = ""] = detail.split(" ");
    // Half of the counter went first, the other half with the next call.
    if (name === "write" && second !== "-") written.set(first, second);
    // The call that the fault was armed for was never made.
    if (hit) continue;
    if (name === "rename" && second.endsWith("/counter")) counter = Number.parseInt(written.get(first) ?? "", 16);
    if (name === "mix") mixed.push({ credit: Number(first), data: second, counter });
  }
  return mixed;
}
