/**
 * What kind of document the user hands to cloud-init, and how its bytes must travel inside our MIME envelope so that
 * cloud-init sees exactly the type and the bytes that it would have seen without us.
 *
 * The traps, all measured with cloud-init's own `UserDataProcessor`:
 *  - text in a MIME part that is not ASCII comes out mangled unless it is base64 (`get_payload` re-encodes it as
 *    raw-unicode-escape); a carriage return before the boundary is swallowed;
 *  - inside a multipart, a gzip part is unpacked but only sniffed: gzipped MIME becomes text/plain and is dropped, and
 *    gzipped text that is not ASCII is mangled. So those two are unpacked here.
 */
import { gunzipSync } from "node:zlib";
import { BootseedError } from "@bootseed/protocol";

/** The leading texts that cloud-init recognises (`cloudinit/handlers/__init__.py`), longest first. */
const LEADING = [
  ["#cloud-config-archive", "cloud-config-archive"],
  ["#cloud-config-jsonp", "cloud-config-jsonp"],
  ["## template: jinja", "jinja"],
  ["#cloud-boothook", "boothook"],
  ["#include-once", "include"],
  ["#cloud-config", "cloud-config"],
  ["#part-handler", "part-handler"],
  ["#include", "include"],
  ["#!", "script"],
] as const;

export type DocumentKind = (typeof LEADING)[number][1] | "empty" | "mime" | "gzip" | "unknown";

/** The user's document, ready to be one part. */
export interface DocumentPart {
  /** What it is, before any unpacking. */
  kind: DocumentKind;
  /** Headers of the MIME part with their empty line; empty when the body brings its own (nested MIME). */
  head: string;
  /** Body of the part; empty for an empty document, which is not sent at all. */
  body: string;
  /** Size of the document as the user wrote it, in bytes. */
  bytes: number;
}

/** Nothing that is gzipped may unpack to more than this: user-data is small, and a bomb is not user-data. */
const MAX_UNPACKED_BYTES = 1 << 20;

/** No header at all, and the empty line: text/plain, us-ascii and 7bit are RFC 2045's defaults, and cloud-init sniffs the type of text/plain. */
export const PLAIN_HEAD = "\n" as const;
const base64Head = (type: string): string => `Content-Type: ${type}\nContent-Transfer-Encoding: base64\n\n`;

const isPlain = (text: string): boolean => /^[\t\n\u0020-\u007e]*$/.test(text);
const base64Lines = (bytes: Uint8Array): string =>
  (
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,76}/g) ?? []
  ).join("\n");

/** cloud-init takes a document for MIME when "mime-version:" is in its first 4,096 bytes; we also ask for a header line. */
function isMime(text: string): boolean {
  const start = Buffer.from(text.slice(0, 4096)).subarray(0, 4096).toString("latin1");
  return /^mime-version:/im.test(start) && /^(From |[!-9;-~]+:)/.test(start);
}

/**
 * What python's str.lstrip removes, as cloud-init calls it before it looks at the leading text. JavaScript's trimStart
 * differs: it removes U+FEFF, and leaves U+001C to U+001F and U+0085.
 */
function stripStart(text: string): string {
  let at = 0;
  while (at < text.length && isPythonSpace(text.charAt(at))) at++;
  return text.slice(at);
}

const isPythonSpace = (character: string): boolean =>
  "\u001c\u001d\u001e\u001f\u0085".includes(character) || (character !== "\ufeff" && character.trim() === "");

/**
 * @param text the document
 * @returns its kind by its leading text, as cloud-init would see it
 * @example kindOf("#cloud-config\npackages: [jq]\n") // "cloud-config"
 */
export function kindOf(text: string): DocumentKind {
  const stripped = stripStart(text);
  if (stripped === "") return "empty";
  if (isMime(text)) return "mime";
  const start = stripped.slice(0, 64).toLowerCase();
  return LEADING.find(([leading]) => start.startsWith(leading))?.[1] ?? "unknown";
}

/** gzip arrives as bytes, or as their base64 in a string, because a Pulumi string cannot hold raw bytes. */
function gzipOf(document: string | Uint8Array): Uint8Array | undefined {
  if (typeof document !== "string") return document[0] === 0x1f && document[1] === 0x8b ? document : undefined;
  return /^\s*H4sI[A-Za-z0-9+/=\s]*$/.test(document) ? Buffer.from(document, "base64") : undefined;
}

function unpack(packed: Uint8Array): string {
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    const message = isTooLarge(cause)
      ? `userData unpacks to more than ${MAX_UNPACKED_BYTES} bytes: move parts of the document behind #include`
      : "userData begins like gzip but does not unpack: compress the document again with gzip";
    throw new BootseedError("malformed", message, { cause });
  }
  return utf8Text(unpacked, "userData is gzip of", ", then compress it again");
}

const isTooLarge = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";

/** @throws BootseedError "malformed" that says which encoding it may be, and to write UTF-8: gzip would not help */
function utf8Text(bytes: Uint8Array, what: string, then = ""): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const [first, second] = bytes;
    const utf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    const kind = utf16 ? "UTF-16 text" : "bytes that are not UTF-8 text";
    throw new BootseedError("malformed", `${what} ${kind}: write the document in UTF-8${then}`, { cause });
  }
}

function textOf(document: string | Uint8Array): string {
  return typeof document === "string" ? document : utf8Text(document, "userData is");
}

/** text/plain is the type that cloud-init sniffs; base64 wherever the plain form would not come out byte for byte. */
function textPart(text: string): { head: string; body: string } {
  if (isPlain(text)) return { head: PLAIN_HEAD, body: text };
  return { head: base64Head('text/plain; charset="utf-8"'), body: base64Lines(Buffer.from(text, "utf8")) };
}

function refuseUnknown(text: string): never {
  const first = JSON.stringify(stripStart(text).split("\n", 1)[0]?.slice(0, 40) ?? "");
  throw new BootseedError(
    "malformed",
    `userData begins with ${first}, which cloud-init does not know and would drop with a warning: ${adviceFor(text)}, ` +
      `or pass wrap: "force" to send it as it is`,
  );
}

/** What makes the document one that is known; each of these is followed in a test. */
function adviceFor(text: string): string {
  const known = (changed: string): boolean => !["unknown", "empty"].includes(kindOf(changed));
  const withoutMark = text.replace(/^[\s\u200b-\u200f\u2060\ufeff]+/, "");
  if (withoutMark !== text && known(withoutMark)) return "remove the invisible characters or empty lines before it";
  if (/^[A-Za-z0-9+/\s]{8,}=*\s*$/.test(text) && known(Buffer.from(text, "base64").toString()))
    return "it is base64: decode it first";
  if (/^##\s*template:\s*jinja/i.test(stripStart(text))) return 'write the first line as "## template: jinja"';
  return "begin it with #cloud-config or #! (or another of cloud-init's formats)";
}

/**
 * The part that carries the user's document.
 *
 * @param document text, gzip bytes, or gzip as base64
 * @param force send a document of unknown kind as text/plain instead of refusing it
 * @throws BootseedError "malformed" for unknown leading text, broken gzip, or bytes that are not UTF-8
 */
export function documentPart(document: string | Uint8Array, force: boolean): DocumentPart {
  const packed = gzipOf(document);
  const text = packed === undefined ? textOf(document) : unpack(packed);
  const inner = kindOf(text);
  const kind = packed === undefined ? inner : "gzip";
  const bytes = typeof document === "string" ? Buffer.byteLength(document) : document.length;
  if (inner === "empty") return { kind, head: "", body: "", bytes };
  if (inner === "unknown" && !force) refuseUnknown(text);
  if (inner === "mime") return { kind, head: "", body: text, bytes };
  if (packed === undefined || !isPlain(text)) return { kind, ...textPart(text), bytes };
  return { kind, head: base64Head("application/x-gzip"), body: base64Lines(packed), bytes };
}
