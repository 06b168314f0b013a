/**
 * The user-data of one droplet: a MIME multipart with our boothook first and the user's document second. Pure: the same
 * arguments give the same bytes, nothing is read, and nothing is kept.
 *
 * Why MIME and not `#cloud-config-archive`: a user document that is MIME itself becomes one broken cloud-config part
 * inside an archive, and the user's set-up is silently gone. Why no cloud-config of ours: it would take part in merging.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { BootseedError } from "@bootseed/protocol";
import { documentPart, PLAIN_HEAD } from "./document.ts";

/** DigitalOcean's limit on user_data. AWS allows 16 KiB, Hetzner 32. */
export const DEFAULT_MAX_USER_DATA_BYTES: number = 64 * 1024;

/**
 * A seed file of one host with one pin and one 24-character address (protocol.md: 187 + 209 bytes, and its length).
 * Stands in for the seed in preview, when there is no host to ask.
 */
export const TYPICAL_SEED_FILE_BYTES = 398;

/** The first-boot kit: `seeder/kit/`, or a small fake in a test. */
export interface Kit {
  /** sh boothook with the placeholders `@KIT@` and `@SEED@`, each once. */
  hook: string;
  /** The packed kit as one line of base 94. */
  packed: string;
}

export interface RenderOptions {
  kit: Kit;
  /** The seed file as bytes (`encodeSeedFile`). Its copy in the result is a string and cannot be wiped: keep it secret. */
  seedFile: Uint8Array;
  /** The user's own user-data, gzip allowed as bytes or base64. */
  document?: string | Uint8Array | undefined;
  /** `"force"` sends a document whose leading text cloud-init does not know; default is to refuse it. */
  wrap?: "auto" | "force" | undefined;
  /** Limit on the whole in bytes, default 64 KiB. */
  maxBytes?: number | undefined;
}

/** Sizes in bytes of everything that the limit is spent on; they add up to `total`. */
export interface UserDataSizes {
  document: number;
  kit: number;
  seed: number;
  hook: number;
  envelope: number;
  total: number;
}

const utf8Bytes = (text: string): number => Buffer.byteLength(text, "utf8");

/** Deterministic, short (it is in user-data four times), and no line of a part begins like the one that ends it (RFC 2046, 5.1.1). */
function boundaryFor(parts: readonly string[]): string {
  const digits = createHash("sha256")
    .update(parts.at(-1) ?? "")
    .digest("hex");
  for (let length = 1; ; length++) {
    const boundary = digits.slice(0, length);
    const line = new RegExp(`(?:^|[\\r\\n])--${boundary}`);
    if (!parts.some((part) => line.test(part))) return boundary;
  }
}

function fillHook(kit: Kit, seed: string): string {
  for (const placeholder of ["@KIT@", "@SEED@"]) {
    const found = kit.hook.split(placeholder).length - 1;
    if (found !== 1) {
      const message = `the hook template has ${placeholder} ${found} times instead of once: run npm run kit`;
      throw new BootseedError("malformed", message);
    }
  }
  // Its first line is what tells cloud-init that it is a boothook: the part has no header.
  if (!/^#cloud-boothook\n[\t\n\u0020-\u007e]*$/.test(kit.hook)) {
    throw new BootseedError("malformed", "the hook template is not a boothook in plain ASCII: run npm run kit");
  }
  // Replacement functions, since a `$&` in a replacement string would be expanded; the kit last, since it may have "@" in it.
  return kit.hook.replace("@SEED@", () => seed).replace("@KIT@", () => kit.packed.trim());
}

/**
 * Renders the user-data and says what it is made of.
 *
 * @returns the text and the size of each part
 * @throws BootseedError "malformed" (unknown kind of document, broken template), "too-long" (over `maxBytes`, sizes named)
 *
 * @example
 * const { text } = renderUserData({ kit, seedFile, document: "#cloud-config\npackages: [jq]\n" });
 */
export function renderUserData(options: RenderOptions): { text: string; sizes: UserDataSizes } {
  const seed = Buffer.from(options.seedFile).toString("base64");
  const hook = fillHook(options.kit, seed);
  const user = documentPart(options.document ?? "", options.wrap === "force");
  const hookPart = PLAIN_HEAD + hook;
  const parts = user.body === "" ? [hookPart] : [hookPart, user.head + user.body];
  const boundary = boundaryFor(parts);
  const head = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=${boundary}\n\n`;
  const text = `${head}${parts.map((part) => `--${boundary}\n${part}\n`).join("")}--${boundary}--\n`;

  const kit = utf8Bytes(options.kit.packed.trim());
  const document = utf8Bytes(user.body);
  const total = utf8Bytes(text);
  const hookBytes = utf8Bytes(hook) - kit - seed.length;
  const envelope = total - document - kit - seed.length - hookBytes;
  const sizes = { document, kit, seed: seed.length, hook: hookBytes, envelope, total };
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_USER_DATA_BYTES;
  if (total > maxBytes) {
    const over = total - maxBytes;
    const sizesTold = overTheLimit(sizes, user.bytes, maxBytes);
    throw new BootseedError("too-long", `${sizesTold}; ${adviceFor(options, document - over)}`);
  }
  return { text, sizes };
}

const n = (bytes: number): string => bytes.toLocaleString("en-US");

function overTheLimit(sizes: UserDataSizes, written: number, maxBytes: number): string {
  const sent = sizes.document === written ? "" : ` (${n(written)} as written)`;
  return (
    `user-data would be ${n(sizes.total)} bytes, ${n(sizes.total - maxBytes)} over the limit of ${n(maxBytes)}: ` +
    `your document ${n(sizes.document)}${sent}, kit ${n(sizes.kit)}, seed ${n(sizes.seed)}, hook ${n(sizes.hook)}, ` +
    `envelope ${n(sizes.envelope)}`
  );
}

/** gzip is advised only where it is enough: some documents (not ASCII, MIME) cannot stay packed inside ours. */
function adviceFor({ document = "", wrap }: RenderOptions, room: number): string {
  const move = "move parts of your document behind #include";
  if (documentPart(document, wrap === "force").kind === "gzip") return move;
  const { head, body } = documentPart(gzipSync(document), wrap === "force");
  return utf8Bytes(head + body) <= room ? `gzip your document, or ${move}` : move;
}

/**
 * The same check without a seed, for preview: a placeholder of the size that a seed will have.
 *
 * @throws as `renderUserData`
 */
export function checkUserData(options: Omit<RenderOptions, "seedFile">): UserDataSizes {
  return renderUserData({ ...options, seedFile: new Uint8Array(TYPICAL_SEED_FILE_BYTES) }).sizes;
}
