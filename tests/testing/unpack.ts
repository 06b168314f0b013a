/** What is packed into bytes: gzip, zstd, base64 of any kind, percent-encoding, broken lines. A search looks into all of it. */
import { constants, inflateRawSync, zstdDecompressSync } from "node:zlib";

export interface Layer {
  /** Empty for the bytes themselves, else how they were unpacked: "base64 > gzip". */
  readonly how: string;
  readonly bytes: Buffer;
}

/** User-data in base64 in a MIME part in gzip in base64 in JSON. */
const DEPTH = 5;
const MAX_UNPACKED_BYTES = 64 << 20;
/** Shorter ones hold no packed secret: its plain forms are searched in every layer anyway. */
const BASE64_RUN = /[A-Za-z0-9+/_-]{48,}/g;
const GZIP = Buffer.of(0x1f, 0x8b, 0x08);
const ZSTD = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

/** @returns the bytes themselves first */
export function* layersOf(bytes: Buffer, how = "", depth: number = DEPTH): Generator<Layer> {
  yield { how, bytes };
  if (depth === 0) return;
  for (const [name, inner] of unpackedOnce(bytes)) {
    yield* layersOf(inner, how === "" ? name : `${how} > ${name}`, depth - 1);
  }
}

function* unpackedOnce(bytes: Buffer): Generator<[string, Buffer]> {
  for (const at of occurrences(bytes, GZIP)) {
    // Raw, since gunzip refuses what something else stands behind. Cut off is no matter either.
    const packed = bytes.subarray(afterHeader(bytes, at));
    const options = { maxOutputLength: MAX_UNPACKED_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
    const inner = attempt(() => inflateRawSync(packed, options));
    if (inner !== undefined) yield ["gzip", inner];
  }
  for (const at of occurrences(bytes, ZSTD)) {
    const inner = attempt(() => zstdDecompressSync(bytes.subarray(at), { maxOutputLength: MAX_UNPACKED_BYTES }));
    if (inner !== undefined) yield ["zstd", inner];
  }
  const text = bytes.toString("latin1");
  // Line ends, also written as \n, and the indentation of what follows: MIME and PEM break base64 like that.
  const joined = text.replace(/(?:\\+[rn]|[\r\n])+[\t ]*/g, "");
  if (joined !== text && BASE64_RUN.test(joined)) yield ["joined", Buffer.from(joined, "latin1")];
  BASE64_RUN.lastIndex = 0;
  const runs = new Set(text.match(BASE64_RUN));
  // What stands before it may look like base64 as well, so all four beginnings are tried.
  for (const shift of [0, 1, 2, 3]) {
    const decoded = [...runs].map((run) => Buffer.from(run.slice(shift), "base64"));
    if (decoded.length > 0) yield ["base64", Buffer.concat(decoded)];
  }
  if (/%[0-9A-Fa-f]{2}/.test(text)) {
    const plain = text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
    yield ["percent", Buffer.from(plain, "latin1")];
  }
}

/** RFC 1952: ten bytes, then what the flags announce. */
function afterHeader(bytes: Buffer, at: number): number {
  const flags = bytes[at + 3] ?? 0;
  let next = at + 10;
  if ((flags & 4) !== 0) next += 2 + (bytes[next] ?? 0) + 256 * (bytes[next + 1] ?? 0);
  for (const text of [8, 16]) if ((flags & text) !== 0) next = bytes.indexOf(0, next) + 1;
  return (flags & 2) === 0 ? next : next + 2;
}

function* occurrences(bytes: Buffer, magic: Buffer): Generator<number> {
  for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 1)) yield at;
}

/** Bytes that only look packed. */
function attempt(unpack: () => Buffer): Buffer | undefined {
  try {
    return unpack();
  } catch {
    return undefined;
  }
}
