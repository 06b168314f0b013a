/** A secret that is looked for, in every form in which programs write bytes down. */

export interface Canary {
  /** What it is; all that is ever said of it. */
  readonly name: string;
  /** At least 16 bytes. */
  readonly bytes: Uint8Array;
}

/** A part of a canary in one form. */
export interface Needle {
  readonly canary: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Found by chance once in 2¹²⁸; and a copy that was cut off after 31 bytes is still found. */
const PIECE_BYTES = 16;

/** A secret that is text, as a token is: also what it stands for, if it is base64url. */
export function textCanaries(name: string, text: string): Canary[] {
  const decoded = Buffer.from(text, "base64url");
  const isBase64 = decoded.length >= PIECE_BYTES && decoded.toString("base64url") === text;
  return [{ name, bytes: Buffer.from(text) }, ...(isBase64 ? [{ name: `${name}, decoded`, bytes: decoded }] : [])];
}

/**
 * @throws RangeError for a canary under 16 bytes, or of one value throughout: a wiped buffer would be found everywhere
 */
export function needlesOf({ name, bytes }: Canary): Needle[] {
  if (bytes.length < PIECE_BYTES || new Set(bytes).size < 3)
    throw new RangeError(
      `canary ${name}: expected at least ${PIECE_BYTES} bytes of a real secret, got ${bytes.length}`,
    );
  const starts = new Set<number>();
  for (let at = 0; at + PIECE_BYTES <= bytes.length; at += PIECE_BYTES) starts.add(at);
  starts.add(bytes.length - PIECE_BYTES);
  return [...starts].flatMap((at) => {
    const piece = Buffer.from(bytes.subarray(at, at + PIECE_BYTES));
    return [...formsOf(piece)].map(([form, needle]) => ({ canary: name, form, bytes: needle }));
  });
}

function* formsOf(piece: Buffer): Generator<[string, Buffer]> {
  const hex = piece.toString("hex");
  const pairs = hex.match(/../g) ?? [];
  yield ["raw", piece];
  for (const [form, text] of [
    ["hex", hex],
    ["HEX", hex.toUpperCase()],
    ["hex, spaced", pairs.join(" ")], // util.inspect of a Buffer
    ["hex, colons", pairs.join(":")], // openssl
    ["HEX, colons", pairs.join(":").toUpperCase()],
    ["decimals", piece.join(",")], // JSON of bytes
    ["decimals, spaced", piece.join(" ")], // %v in Go
    ["decimals, list", piece.join(", ")], // repr in python
    ["percent", `%${pairs.join("%")}`],
    ["PERCENT", `%${pairs.join("%").toUpperCase()}`],
    ["url", urlEncoded(piece)],
    ["url, lower", urlEncoded(piece).replace(/%../g, (code) => code.toLowerCase())],
    ["\\x", `\\x${pairs.join("\\x")}`],
  ] as const)
    yield [form, Buffer.from(text)];
  yield ["latin-1 as UTF-8", Buffer.from(piece.toString("latin1"), "utf8")];
  for (const offset of [0, 1, 2]) {
    for (const [form, text] of [
      ["base64", insideBase64(piece, offset, "base64")],
      ["base64url", insideBase64(piece, offset, "base64url")],
      ["base64 in a URL", encodeURIComponent(insideBase64(piece, offset, "base64"))],
    ] as const)
      yield [`${form} +${offset}`, Buffer.from(text)];
  }
}

/** As RFC 3986 has it: unreserved characters stay as they are. */
const urlEncoded = (piece: Buffer): string =>
  [...piece]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
    })
    .join("");

/** Inside longer base64 bytes start at one of three offsets; characters that depend on their neighbours are cut off. */
function insideBase64(piece: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const bits = 8 * (offset + piece.length);
  const text = Buffer.concat([Buffer.alloc(offset), piece]).toString(encoding);
  return text.slice(Math.ceil((8 * offset) / 6), Math.floor(bits / 6));
}
