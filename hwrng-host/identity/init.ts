/**
 * `init`: makes a host's identity once. Crash-safe and idempotent: each file appears whole or not at all, what exists
 * is kept, and the statement comes last, so a folder without one has minted nothing yet and may be completed.
 */
import { encodeStatement, equalConstantTime, hostIdOf, keyPair, type RootKey, wipe } from "@bootseed/protocol";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, readPrivate, replaceFile } from "./files.ts";
import { nextSerial, publish, readStatement } from "./history.ts";
import { FILES, finishRotations, localRoot, parseRoot, type SigningRoot } from "./keys.ts";
import { RESTORE } from "./lost.ts";
import type { TlsPair } from "./self-signed.ts";

export { FILES };
const MAX_PINS = 4;

export type Announcement = { readonly advertise: readonly string[]; readonly intervalMs: number };

/** What init did, for the operator. */
export type InitResult = {
  readonly created: readonly string[];
  readonly statementSerial: number;
  readonly updated: boolean;
};

/**
 * @param random the system's generator
 * @param newPair becomes the host's certificate where there is none yet
 * @param now seconds since 1970, for the serial of a statement after the first
 * @throws HostError when the folder is damaged (a statement without its keys) or cannot be written
 */
export function initState(
  dir: string,
  announce: Announcement,
  random: (bytes: number) => Uint8Array,
  newPair: TlsPair,
  now = 0,
): InitResult {
  makeFolder(dir);
  const before = readStatement(join(dir, FILES.statement));
  const created: string[] = [];
  const file = (name: string, make: () => Uint8Array): Uint8Array => {
    const path = join(dir, name);
    const known = readPrivate(path);
    if (known !== null) return known;
    if (before !== null) {
      const message = `${path} is missing, but ${FILES.statement} exists: VMs out there depend on that key`;
      throw new HostError("io", message, `${RESTORE}; never make a new key`, EXIT.config);
    }
    const content = make();
    createOnce(path, content, "folder");
    created.push(name);
    return content;
  };
  if (before !== null) finishRotations(dir, before);
  // An offline root is no damage: only signing needs it.
  if (before === null) wipe(file(FILES.rootKey, () => random(32)));
  const packetKey = file(FILES.packetKey, () => random(32));
  wipe(file(FILES.secret, () => random(32)));
  const pin = tlsPin(dir, newPair, file);
  if (created.includes(FILES.tlsCertificate)) created.splice(-1, 0, FILES.tlsKey);
  if (packetKey.length !== 32) {
    const message = `${join(dir, FILES.packetKey)}: expected 32 bytes, got ${packetKey.length}`;
    throw new HostError("io", message, RESTORE, EXIT.config);
  }
  const packetPk = keyPair("ed25519", packetKey).publicKey;
  wipe(packetKey);

  const addressed = { intervalMs: announce.intervalMs, addresses: announce.advertise, packetPk };
  if (before === null) {
    const root = rootOf(dir);
    const { rootAlg, rootPk } = root;
    const fields = { hostId: hostIdOf(rootPk), serial: 1, rootAlg, rootPk, pins: [pin], ...addressed };
    publish(dir, encodeStatement(fields, root.sign));
    return { created: [...created, FILES.statement], statementSerial: 1, updated: false };
  }
  const known = before.pins.some((one) => equalConstantTime(one, pin));
  const fields = { ...before, ...addressed, pins: known ? before.pins : [pin, ...before.pins].slice(0, MAX_PINS) };
  if (Buffer.compare(unsigned(before), unsigned(fields)) === 0)
    return { created, statementSerial: before.serial, updated: false };
  const serial = nextSerial(before.serial, now);
  publish(dir, encodeStatement({ ...fields, serial }, rootOf(dir, before).sign));
  return { created, statementSerial: serial, updated: true };
}

/** @param known the root of the newest statement; without one, whatever root.key is */
function rootOf(dir: string, known?: RootKey): SigningRoot {
  const path = join(dir, FILES.rootKey);
  const content = known === undefined ? readPrivate(path) : null;
  const root = known === undefined ? content && parseRoot(content, path) : localRoot(dir, known);
  if (root !== null) return root;
  const fix = "sign with the offline root: bootseed-host statement --root-key FILE; or restore root.key";
  throw new HostError("bad-config", `a new statement is due, and its root key is not in ${dir}`, fix, EXIT.config);
}

/** A statement's content without its signature, to compare two. */
function unsigned(fields: Parameters<typeof encodeStatement>[0]): Uint8Array {
  return encodeStatement(fields, () => new Uint8Array(64));
}

type FileMaker = (name: string, make: () => Uint8Array) => Uint8Array;

/** Key first, certificate last: a key without a certificate was never shown to anybody and is made again. */
function tlsPin(dir: string, newPair: TlsPair, file: FileMaker): Uint8Array {
  const makePair = (): Uint8Array => {
    replaceFile(join(dir, FILES.tlsKey), Buffer.from(newPair.keyPem));
    return Buffer.from(newPair.certificatePem);
  };
  const pin = pinOf(file(FILES.tlsCertificate, makePair));
  const missing = (): never => {
    const message = `${FILES.tlsKey} is missing beside its certificate`;
    throw new HostError("io", message, RESTORE, EXIT.config);
  };
  wipe(file(FILES.tlsKey, missing));
  return pin;
}

/** SHA-256 of the certificate's DER: what guests compare. @throws HostError when it is no certificate */
export function pinOf(certificatePem: Uint8Array): Uint8Array {
  try {
    return Uint8Array.from(Buffer.from(new X509Certificate(certificatePem).fingerprint256.replaceAll(":", ""), "hex"));
  } catch (cause) {
    const message = `${FILES.tlsCertificate} is not a certificate: ${messageOf(cause)}`;
    throw new HostError("io", message, RESTORE, EXIT.config, { cause });
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
  } catch (cause) {
    const fix = "choose a folder you own with `--state-dir`, or run as the service's user";
    throw new HostError("io", `cannot create ${dir}: ${messageOf(cause)}`, fix, EXIT.cantCreate, { cause });
  }
}
