/** SSH host keys of the user's own in a document for cloud-init. */
import { gunzipSync } from "node:zlib";

const GZIP = /^\s*H4sI[A-Za-z0-9+/=\s]*$/;
const MAX_UNPACKED_BYTES = 1 << 20;

/** What is told to a user whose document brings host keys. */
export const BROUGHT_KEYS: string =
  "its user-data brings SSH host keys: they are not made on the machine after the seed, so its report says " +
  '"before keys ✗" and bootseed wait ends with 65; leave out ssh_keys, and let the machine make its own';

/** Base64 parts of MIME and of write_files, beside the text itself. */
function texts(document: string): string[] {
  const packed = GZIP.test(document)
    ? gunzipSync(Buffer.from(document, "base64"), { maxOutputLength: MAX_UNPACKED_BYTES })
    : undefined;
  const text = packed?.toString("utf8") ?? document;
  const encoded = text.match(/(?:[A-Za-z0-9+/]{40,}={0,2}\s*)+/g) ?? [];
  return [text, ...encoded.map((part) => Buffer.from(part, "base64").toString("latin1"))];
}

/**
 * Whether a document gives the machine private SSH host keys: `ssh_keys` of cloud-config, or a private key written to
 * /etc/ssh. A best effort for a warning; the machine itself looks at what cloud-init was told.
 */
export function bringsHostKeys(document: string | Uint8Array | undefined): boolean {
  if (document === undefined) return false;
  try {
    const text =
      typeof document === "string"
        ? document
        : Buffer.from(document).toString(document[0] === 0x1f ? "base64" : "utf8");
    return texts(text).some(
      (one) =>
        /^[^#\n]*["']?\bssh_keys["']?\s*:/m.test(one) || /^[^#\n]*\/etc\/ssh\/ssh_host_\w+_key(?!\.pub)\b/m.test(one),
    );
  } catch {
    return false; // what does not unpack is refused elsewhere
  }
}
