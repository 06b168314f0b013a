/** User-data as bytes for a cloud: as it is, or gzipped where the limit is low. */
import { gzipSync } from "node:zlib";
import { BootseedError } from "@bootseed/protocol";
import { DEFAULT_MAX_USER_DATA_BYTES, type RenderOptions, renderUserData, type UserDataSizes } from "./render.ts";

/** `gzip`: cloud-init unpacks it by itself; about a fifth smaller, as the kit in it is text of compressed bytes. */
export type UserDataFormat = "mime" | "gzip";

export interface PackedUserData {
  bytes: Uint8Array;
  /** Before packing. */
  sizes: UserDataSizes;
}

/**
 * The limit counts what is sent: of gzip its bytes, not their base64, as AWS counts.
 *
 * @throws as `renderUserData`, and BootseedError "too-long" when it is over the limit even gzipped
 *
 * @example
 * packUserData({ kit: loadKit(), seedFile, document: "#cloud-config\n", maxBytes: 16_384 }, "gzip").bytes;
 */
export function packUserData(options: RenderOptions, format: UserDataFormat): PackedUserData {
  if (format === "mime") {
    const { text, sizes } = renderUserData(options);
    return { bytes: Buffer.from(text, "utf8"), sizes };
  }
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_USER_DATA_BYTES;
  const { text, sizes } = renderUserData({ ...options, maxBytes: Number.MAX_SAFE_INTEGER });
  const bytes = gzipSync(text, { level: 9 });
  if (bytes.length <= maxBytes) return { bytes, sizes };
  const n = (count: number): string => count.toLocaleString("en-US");
  const message =
    `user-data would be ${n(bytes.length)} bytes gzipped, ${n(bytes.length - maxBytes)} over the limit of ${n(maxBytes)}: ` +
    `unpacked, your document has ${n(sizes.document)}, all else ${n(sizes.total - sizes.document)}; ` +
    "move parts of your document behind #include";
  throw new BootseedError("too-long", message);
}
