/** Shape of a vector file, and what its cases are made of. */

/** Anything JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Named values; bytes are lower-case hexadecimal. */
export type Values = Readonly<Record<string, Json>>;

/** A message that everybody must make, and accept, exactly so. */
export interface Accepted {
  readonly name: string;
  readonly fields: Values;
  readonly bytes: string;
}

/** A message with exactly one thing wrong. */
export interface Refused {
  readonly name: string;
  readonly bytes: string;
  /** what it is refused with */
  readonly code: string;
  /** values that differ from the file's `given` */
  readonly given?: Values;
}

/** One file: one message. */
export interface VectorFile {
  readonly message: string;
  /** its layout */
  readonly layout: string;
  /** what sender and receiver know besides the message: keys, nonces, context */
  readonly given: Values;
  readonly accepted: readonly Accepted[];
  readonly refused: readonly Refused[];
}

type Raw = Uint8Array | string | number | boolean | null | undefined | readonly Raw[] | { readonly [key: string]: Raw };

/** Hexadecimal of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The same values with bytes as hexadecimal, and without what is undefined. */
export function values(raw: { readonly [key: string]: Raw }): Values {
  const entries = Object.entries(raw).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, json(value)]));
}

function json(value: Raw): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return (value as readonly Raw[]).map((item) => json(item));
  if (typeof value === "object" && value !== null) return values(value as { readonly [key: string]: Raw });
  return value as Json;
}

/** @param given - values that differ from the file's */
export function refuse(
  name: string,
  code: string,
  bytes: Uint8Array,
  given?: { readonly [key: string]: Raw },
): Refused {
  return { name, bytes: toHex(bytes), code, ...(given === undefined ? {} : { given: values(given) }) };
}

/** Cut short by one byte, and one byte too many: refused as malformed in every message. */
export function wrongLengths(bytes: Uint8Array): Refused[] {
  return [
    refuse("empty", "malformed", new Uint8Array(0)),
    refuse("cut short by one byte", "malformed", bytes.slice(0, -1)),
    refuse("one byte too many", "malformed", Uint8Array.of(...bytes, 0)),
  ];
}
