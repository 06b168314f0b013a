/** The files a guest keeps per host: whether each is whole, and nothing lies about. */
import { parseCertificate, parseStatement } from "@bootseed/protocol";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const length =
  (bytes: number) =>
  (content: Buffer): boolean =>
    content.length === bytes;
const parses =
  (parse: (content: Buffer) => unknown) =>
  (content: Buffer): boolean => {
    try {
      parse(content);
      return true;
    } catch {
      return false;
    }
  };
const json = parses((content) => JSON.parse(content.toString()) as unknown);

const WHOLE: Readonly<Record<string, (content: Buffer) => boolean>> = {
  identity: (content) =>
    /^-----BEGIN OPENSSH PRIVATE KEY-----\n[^]*-----END OPENSSH PRIVATE KEY-----\n$/.test(content.toString()),
  "identity.pub": (content) => /^ssh-ed25519 [\w+/=]{68} ?\n$/.test(content.toString()),
  certificate: parses(parseCertificate),
  issuer: parses(parseStatement),
  statement: parses(parseStatement),
  psk: length(32),
  counter: length(8),
  claim: length(80),
  spent: (content) => content.length % 16 === 0 && content.length > 0,
  "topup.json": json,
  "verdict.json": json,
};
/** May stay behind after a crash, and must be gone after the next run. */
const LEFTOVER = /^(tmp|new|new\.pub|.*\.tmp|\..*)$/;

export type StateOnDisk = { readonly torn: readonly string[]; readonly leftovers: readonly string[] };

/** @param keep /var/lib/bootseed under the guest's root */
export function inspectState(keep: string): StateOnDisk {
  const torn: string[] = [];
  const leftovers: string[] = [];
  for (const entry of readdirSync(keep, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const whole = WHOLE[entry.name];
    const content = readFileSync(join(entry.parentPath, entry.name));
    if (LEFTOVER.test(entry.name)) leftovers.push(entry.name);
    else if (whole !== undefined && !whole(content)) torn.push(`${entry.name}: ${content.length} bytes`);
  }
  return { torn, leftovers };
}
