/** `topup.json`: counts of refusals by code, and the last delivery. The kit takes the same numbers, and any name. */

/** Bytes that cannot be the file: a decision about them alone, never a failure of disk, memory or OpenSSL. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** Counts of refusals by code, and the last delivery. */
export type Notes = { last?: LastDelivery } & Record<string, unknown>;

/** What topup.json says of the last delivery; `receipt` is the HTTP status, 0 for one that got lost. */
export interface LastDelivery {
  counter: number;
  timestamp: number;
  rcMix: number;
  rcReseed: number;
  receipt: number;
}

const NUMBER = String.raw`\s*"[\w. -]+"\s*:\s*\d{1,16}\s*(?:,|(?=\}))`;
const LAST = String.raw`\s*"last"\s*:\s*\{(?:${NUMBER})*\s*\}\s*(?:,|(?=\}))`;
const FORM = new RegExp(String.raw`^\s*\{(?:${LAST}|${NUMBER})*\s*\}\s*$`);

/** @throws Damaged for anything but counts by name, and `last` with numbers in it */
export function parseCounts(bytes: Uint8Array): Notes {
  const text = Buffer.from(bytes).toString("latin1");
  if (!FORM.test(text)) throw new Damaged("expected counts and the last delivery");
  let found: Notes;
  try {
    found = JSON.parse(text) as Notes;
  } catch {
    throw new Damaged("expected JSON");
  }
  if (typeof (found.last ?? {}) !== "object") throw new Damaged("expected an object for the last delivery");
  return found;
}
