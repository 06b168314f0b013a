/**
 * The key files of a host, and their successors: `root.key` (absent: the root is offline), `packet.key`, `tls.key` with
 * `tls.crt`; a successor is `*-next.*` until it takes over. A power cut between two steps is finished at the next start.
 */
import {
  ed25519Signer,
  equalConstantTime,
  keyPair,
  p256Key,
  type RootKey,
  type Signer,
  wipe,
} from "@bootseed/protocol";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT, HostError } from "../host-error.ts";
import { readPrivate, syncFolder } from "./files.ts";
import { RESTORE } from "./lost.ts";

/** Names in the state folder. Ed25519 keys and the secret are 32 raw bytes; a P-256 root is PEM. */
export const FILES = {
  rootKey: "root.key",
  rootNextKey: "root-next.key",
  packetKey: "packet.key",
  packetNextKey: "packet-next.key",
  secret: "secret",
  tlsKey: "tls.key",
  tlsCertificate: "tls.crt",
  tlsNextKey: "tls-next.key",
  tlsNextCertificate: "tls-next.crt",
  statement: "statement",
  database: "host.db",
} as const;

/** When the last backup was made: seconds, decimal. */
export const BACKED_UP_FILE = "backed-up";

/** A root that can sign. */
export type SigningRoot = RootKey & { readonly sign: Signer };

/**
 * @param content of a root key file: 32 raw bytes (Ed25519) or PEM (P-256); wiped if it was raw
 * @throws HostError "io" for anything else
 */
export function parseRoot(content: Uint8Array, path: string): SigningRoot {
  if (content.length === 32) {
    const { publicKey } = keyPair("ed25519", content);
    const sign = ed25519Signer(content);
    wipe(content);
    return { rootAlg: 1, rootPk: publicKey, sign };
  }
  try {
    const { publicKey, sign } = p256Key(content);
    return { rootAlg: 2, rootPk: publicKey, sign };
  } catch (cause) {
    const message = `${path}: expected 32 bytes (Ed25519) or a P-256 key in PEM`;
    throw new HostError("io", message, "name the root's own key file", EXIT.config, { cause });
  }
}

/** The root in the state folder that is this one; null when it is elsewhere: offline. */
export function localRoot(dir: string, root: RootKey): SigningRoot | null {
  for (const name of [FILES.rootKey, FILES.rootNextKey]) {
    const content = readPrivate(join(dir, name));
    if (content === null) continue;
    const found = parseRoot(content, join(dir, name));
    if (found.rootAlg === root.rootAlg && equalConstantTime(found.rootPk, root.rootPk)) return found;
  }
  return null;
}

/** Lets a key that the newest statement names take its place, when a crash came before that. */
export function finishRotations(dir: string, statement: { readonly packetPk: Uint8Array } & RootKey): void {
  const next = readPrivate(join(dir, FILES.packetNextKey));
  if (next !== null && next.length !== 32) {
    const message = `${join(dir, FILES.packetNextKey)}: expected 32 bytes, got ${next.length}`;
    throw new HostError("io", message, RESTORE, EXIT.config);
  }
  if (next !== null && equalConstantTime(keyPair("ed25519", next).publicKey, statement.packetPk))
    takeOver(dir, FILES.packetNextKey, FILES.packetKey);
  if (next !== null) wipe(next);
  const rootNext = readPrivate(join(dir, FILES.rootNextKey));
  if (rootNext !== null && equalConstantTime(parseRoot(rootNext, FILES.rootNextKey).rootPk, statement.rootPk))
    takeOver(dir, FILES.rootNextKey, FILES.rootKey);
  if (!existsSync(join(dir, FILES.tlsNextCertificate)) && keyFits(dir, FILES.tlsNextKey))
    takeOver(dir, FILES.tlsNextKey, FILES.tlsKey);
}

/** The next certificate becomes the one in use: certificate first, its key second; `finishRotations` ends what a crash began. */
export function useNextCertificate(dir: string): void {
  takeOver(dir, FILES.tlsNextCertificate, FILES.tlsCertificate);
  takeOver(dir, FILES.tlsNextKey, FILES.tlsKey);
}

function takeOver(dir: string, from: string, to: string): void {
  renameSync(join(dir, from), join(dir, to));
  syncFolder(dirname(join(dir, to)));
}

/** Whether the key belongs to the certificate in use. */
function keyFits(dir: string, name: string): boolean {
  const [key, certificate] = [readPrivate(join(dir, name)), readPrivate(join(dir, FILES.tlsCertificate))];
  if (key === null || certificate === null) return false;
  return pairs(key, certificate, join(dir, name));
}

/** @throws HostError "io" unless both files of the certificate in use belong together: OpenSSL would say so too late */
export function requirePair(dir: string, key: Uint8Array, certificate: Uint8Array): void {
  const path = join(dir, FILES.tlsKey);
  if (pairs(key, certificate, path)) return;
  throw new HostError("io", `${path} is not the key of ${FILES.tlsCertificate}`, RESTORE, EXIT.config);
}

/** @param path of the key, for the message */
function pairs(key: Uint8Array, certificate: Uint8Array, path: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(Buffer.from(key)));
  } catch {
    // Without a cause: what OpenSSL says of a key file may quote it.
    throw new HostError("io", `${path} or ${FILES.tlsCertificate} is damaged: expected PEM`, RESTORE, EXIT.config);
  }
}
