/**
 * What a hello of an enrolled VM is worth. A VM's deliveries are a line of counters: each hello names the last one that
 * the VM accepted. A copy of the VM, from a snapshot or a restored disk, goes on from an older counter: its hello is
 * behind what the VM has shown or acknowledged. It is answered, since fresh entropy is what it needs most, from a bucket of
 * its own; and what it is sent starts a side line, so that its later hellos are told from the VM's.
 */
import { column } from "./database.ts";
import type { SendInput } from "./store.ts";

const DAY = 86_400;
/** A token bucket: 8 packets per VM and day, 2 at once. */
const PACKETS_PER_DAY = 8;
export const PACKET_BURST = 2;
/** The same for all copies of a VM together: many may start at once. */
const SIDE_BURST = 8;

/** Hellos that were answered are known again by this much of a hash of their key: two weeks and more at 4 a day. */
const HASH_BYTES = 8;
const REMEMBERED = 64;
/** Counters of side lines that are remembered: more than the packets of all copies in a day. */
const SIDE_COUNTERS = 32;

/** Columns of `enrolment` that a plan reads. */
export const PLAN_COLUMNS =
  "counter, answered, tokens, tokens_at, line_counter, side_counters, side_tokens, side_tokens_at";

/**
 * `repeated`: it was answered before. `behind`: an older counter than the VM showed or
 * acknowledged. `side`: a copy that was behind before. `line`: the VM.
 */
export type HelloLine = "repeated" | "behind" | "side" | "line";

type Row = Record<string, unknown>;

/** New values of {@link PLAN_COLUMNS}, in their order. */
export type PlannedRow = readonly [number, Uint8Array, number, number, number, string, number, number];

export type Plan =
  | { readonly sent: true; readonly counter: number; readonly rolledBack: boolean; readonly row: PlannedRow }
  | { readonly sent: false; readonly why: "repeated key" | "counter spent" | "quota" };

const sideOf = (row: Row): number[] => JSON.parse(column.text(row, "side_counters")) as number[];

/** @param row with {@link PLAN_COLUMNS} */
export function lineOf(row: Row, { pkeHash, lastCounter }: SendInput): HelloLine {
  const answered = Buffer.from(column.blob(row, "answered"));
  const hash = pkeHash.subarray(0, HASH_BYTES);
  for (let at = 0; at < answered.length; at += HASH_BYTES)
    if (answered.compare(hash, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) return "repeated";
  if (lastCounter < column.number(row, "line_counter")) return "behind";
  return sideOf(row).includes(lastCounter) ? "side" : "line";
}

function refilled(tokens: number, since: number, now: number, burst: number): number {
  const elapsed = now - since;
  // A time in the future means that the clock went back: waiting until it comes again would lock the VM out.
  return elapsed < 0 ? burst : Math.min(burst, tokens + (elapsed * PACKETS_PER_DAY) / DAY);
}

/** @param row with {@link PLAN_COLUMNS} */
export function planOf(row: Row, send: SendInput): Plan {
  const { pkeHash, lastCounter, now } = send;
  const line = lineOf(row, send);
  if (line === "repeated") return { sent: false, why: "repeated key" };
  const counter = Math.max(column.number(row, "counter"), lastCounter) + 1;
  if (counter > Number.MAX_SAFE_INTEGER) return { sent: false, why: "counter spent" };
  const [tokens, tokensAt] = [column.number(row, "tokens"), column.number(row, "tokens_at")];
  const [sideTokens, sideAt] = [column.number(row, "side_tokens"), column.number(row, "side_tokens_at")];
  const hashes = [pkeHash.subarray(0, HASH_BYTES), column.blob(row, "answered")];
  const answered = new Uint8Array(Buffer.concat(hashes).subarray(0, HASH_BYTES * REMEMBERED));
  const side = sideOf(row);
  const lineCounter = column.number(row, "line_counter");
  if (line === "line") {
    const left = refilled(tokens, tokensAt, now, PACKET_BURST) - 1;
    if (left < 0) return { sent: false, why: "quota" };
    // A counter that this database never sent says that the host was restored, not how far the VM is.
    const shown = lastCounter <= column.number(row, "counter") ? Math.max(lineCounter, lastCounter) : lineCounter;
    const planned = [counter, answered, left, now, shown, JSON.stringify(side), sideTokens, sideAt] as const;
    return { sent: true, counter, rolledBack: false, row: planned };
  }
  const left = refilled(sideTokens, sideAt, now, SIDE_BURST) - 1;
  if (left < 0) return { sent: false, why: "quota" };
  const sides = JSON.stringify([counter, ...side].slice(0, SIDE_COUNTERS));
  const planned = [counter, answered, tokens, tokensAt, lineCounter, sides, left, now] as const;
  return { sent: true, counter, rolledBack: line === "behind", row: planned };
}
