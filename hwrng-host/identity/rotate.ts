/**
 * Changes of what a host says about itself: planned first, so that an operator sees everything before it is signed, then
 * carried out in an order that a power cut at any point leaves whole (`finishRotations`).
 */
import {
  type BootseedError,
  chainSince,
  encodeStatement,
  keyPair,
  parseStatement,
  type RootKey,
  sameRoot,
  type Statement,
  type StatementFields,
  SUITE,
  toHex,
  wipe,
} from "@bootseed/protocol";
import { statSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HostError } from "../host-error.ts";
import { alone } from "./alone.ts";
import { readPrivate, replaceFile } from "./files.ts";
import { loadHistory, nextSerial, publish, readStatement } from "./history.ts";
import { type Announcement, pinOf } from "./init.ts";
import { FILES, finishRotations, localRoot, type SigningRoot, useNextCertificate } from "./keys.ts";
import type { TlsPair } from "./self-signed.ts";
import { RESTORE_OR_INIT } from "./lost.ts";

/** What an operator wishes; nothing: only what the config changed. */
export type Rotation = {
  /** 32 random bytes: the next packet key. */
  readonly packetKey?: Uint8Array | undefined;
  readonly certificate?: TlsPair | undefined;
  /** Announced as `next`; `key` is its private key if it is to lie here. */
  readonly nextRoot?: { readonly root: RootKey; readonly key?: Uint8Array } | undefined;
  /** The announced root signs from now on; null: the one whose key lies here. */
  readonly useRoot?: SigningRoot | null | undefined;
  /** The present root, when its key does not lie here. */
  readonly root?: SigningRoot | undefined;
  readonly serialAbove?: number | undefined;
};

export type Plan = {
  readonly before: Statement;
  /** Null when nothing would change. */
  readonly fields: StatementFields | null;
  /** One line each, for people: what changes. */
  readonly changes: readonly string[];
  /** What follows for VMs, and what to do next. */
  readonly effects: readonly string[];
};

const MAX_PINS = 4;
/** Guests ask every interval; a day is four of the default ones. */
const PUBLISHED_SECONDS = 86_400;

/** What would be signed. Writes nothing. @param now seconds since 1970, for the serial @throws HostError "conflict", "bad-config" */
export function plan(dir: string, announce: Announcement, rotation: Rotation, now = 0): Plan {
  const before = newest(dir);
  const changes: string[] = [];
  const effects: string[] = [];
  const change = (what: string, effect?: string): void => {
    changes.push(what);
    if (effect !== undefined) effects.push(effect);
  };
  const { addresses: known, intervalMs } = before;
  if (known.join() !== announce.advertise.join())
    change(
      `addresses: ${known.join(", ")} → ${announce.advertise.join(", ")}`,
      `VMs learn it with their next packet; keep ${known.join(" or ")} reachable until all have asked (bootseed vm ls)`,
    );
  if (intervalMs !== announce.intervalMs) change(`interval: ${intervalMs} → ${announce.intervalMs} ms`);
  let packetPk = before.packetPk;
  if (rotation.packetKey !== undefined) {
    packetPk = keyPair("ed25519", rotation.packetKey).publicKey;
    change(
      `packet key: ${short(before.packetPk)} → ${short(packetPk)}`,
      "then bootseed-host reload: the service signs with the new key",
    );
  }
  let { pins } = before;
  if (rotation.certificate !== undefined) {
    const waiting = readPrivate(join(dir, FILES.tlsNextCertificate));
    // One that no statement pins was never announced: a crash came first.
    if (waiting !== null && pins.some((pin) => toHex(pin) === toHex(pinOf(waiting))))
      throw conflict("a next certificate is waiting already", "use it first: --use-certificate");
    const pin = pinOf(Buffer.from(rotation.certificate.certificatePem));
    // None where the certificate was lost: then VMs meet a stranger's, ask for statements, and follow.
    const inUse = readPrivate(join(dir, FILES.tlsCertificate));
    pins = [...(inUse === null ? [] : [pinOf(inUse)]), pin].slice(0, MAX_PINS);
    change(
      `pins: the next certificate's, ${short(pin)}, is added; older ones than today's go`,
      "then bootseed-host reload; in 24 h at the earliest: bootseed-host statement --use-certificate",
    );
  }
  const root = nextOf(dir, before, rotation, change);
  const serial = nextSerial(Math.max(before.serial, rotation.serialAbove ?? 0), now);
  if ((rotation.serialAbove ?? 0) > before.serial)
    change(`serial: ${before.serial} → ${serial}, above ${rotation.serialAbove}`);
  if (changes.length === 0) return { before, fields: null, changes, effects };
  const { hostId } = before;
  const addressed = { addresses: announce.advertise, intervalMs: announce.intervalMs };
  const fields: StatementFields = { hostId, serial, packetPk, pins, ...addressed, ...root };
  effects.push(sleepers(loadHistory(dir, before).statements, fields));
  return { before, fields, changes, effects };
}

/** Which VMs that are away can follow, and what they will be sent. */
function sleepers(history: readonly Statement[], fields: StatementFields): string {
  const unsigned = { ...fields, suite: SUITE, signature: new Uint8Array(0), bytes: new Uint8Array(0) };
  const oldest = history[0]?.serial ?? fields.serial;
  const count = chainSince([...history, unsigned], oldest).length;
  const sent = count === 1 ? "that one statement" : `${count} statements, one for each change of root`;
  return `VMs that are away follow when they come back, whatever they hold since statement ${oldest}: they get ${sent}`;
}

/** Signs and publishes a plan. @returns the new statement @throws HostError when the root's key is not at hand */
export function carryOut(dir: string, { before, fields }: Plan, rotation: Rotation): Statement {
  if (fields === null) return before;
  const changesRoot = rotation.useRoot !== undefined;
  const signer = (changesRoot ? rotation.useRoot : rotation.root) ?? localRoot(dir, fields);
  if (signer === null || !sameRoot(signer, fields)) {
    const fix = changesRoot ? "name the announced root's key: --use-root FILE" : "name the root's key: --root-key FILE";
    throw new HostError("bad-config", "the root that must sign is not at hand", fix, EXIT.config);
  }
  const bytes = encodeStatement(fields, signer.sign);
  return alone(dir, () => {
    if (Buffer.compare(newest(dir).bytes, before.bytes) !== 0)
      throw conflict("another statement was signed meanwhile", "run it again: this one would undo it");
    return publishRotation(dir, bytes, before, rotation);
  });
}

/** In this order, so that a power cut at any point leaves a folder that starts. */
function publishRotation(dir: string, bytes: Uint8Array, before: Statement, rotation: Rotation): Statement {
  // A key that the newest statement names may still wait for its place: it must not be written over.
  finishRotations(dir, before);
  if (rotation.packetKey !== undefined) {
    replaceFile(join(dir, FILES.packetNextKey), rotation.packetKey);
    wipe(rotation.packetKey);
  }
  if (rotation.certificate !== undefined) {
    replaceFile(join(dir, FILES.tlsNextKey), Buffer.from(rotation.certificate.keyPem));
    replaceFile(join(dir, FILES.tlsNextCertificate), Buffer.from(rotation.certificate.certificatePem));
  }
  const { key } = rotation.nextRoot ?? {};
  if (key !== undefined) {
    replaceFile(join(dir, FILES.rootNextKey), key);
    wipe(key);
  }
  publish(dir, bytes);
  const statement = parseStatement(bytes);
  finishRotations(dir, statement);
  return statement;
}

/**
 * The next certificate becomes the one in use.
 * @param now seconds
 * @param how `now`: without waiting; `dryRun`: look only
 * @throws HostError "conflict" when there is none, or VMs may not have heard of it yet
 */
export function takeNextCertificate(
  dir: string,
  now: number,
  how: { readonly now: boolean; readonly dryRun: boolean },
): void {
  const content = readPrivate(join(dir, FILES.tlsNextCertificate));
  if (content === null) throw conflict("there is no next certificate", "announce one: --new-certificate");
  const pin = toHex(pinOf(content));
  const { statements } = loadHistory(dir, newest(dir));
  const first = statements.find(({ pins }) => pins.some((one) => toHex(one) === pin));
  if (first === undefined) throw conflict("no statement pins the next certificate", "announce one: --new-certificate");
  const since = statSync(join(dir, "statements", String(first.serial))).mtimeMs / 1000;
  const hours = ((now - since) / 3600).toFixed(1);
  if (!how.now && now - since < PUBLISHED_SECONDS)
    throw conflict(
      `its pin was published ${hours} h ago, in statement ${first.serial}`,
      "wait 24 h, or say --now: VMs that have not asked since must ask twice",
    );
  if (!how.dryRun) useNextCertificate(dir);
}

function nextOf(
  dir: string,
  before: Statement,
  { nextRoot, useRoot }: Rotation,
  change: (what: string, effect?: string) => void,
): RootKey & { next?: RootKey } {
  const { rootAlg, rootPk, next } = before;
  if (useRoot !== undefined) {
    if (next === undefined) throw conflict("no next root was announced", "announce it first: --next-root FILE|new");
    if (useRoot !== null && !sameRoot(useRoot, next))
      throw conflict(
        `the announced root is ${short(next.rootPk)}, that key is ${short(useRoot.rootPk)}`,
        "name the announced one",
      );
    // There is one place for the key of a root that is to come.
    if (nextRoot?.key !== undefined && localRoot(dir, next) !== null)
      throw conflict(
        "the announced root's key lies where the new root's key would be written",
        "two steps: bootseed-host statement --use-root, then bootseed-host statement --next-root new",
      );
    change(
      `root: ${short(rootPk)} → ${short(next.rootPk)}`,
      "then bootseed-host reload: the old root's key is worth nothing to VMs that have followed",
    );
    return { rootAlg: next.rootAlg, rootPk: next.rootPk, ...announced(nextRoot?.root) };
  }
  if (nextRoot === undefined) return { rootAlg, rootPk, ...announced(next) };
  const then =
    nextRoot.key === undefined
      ? "bootseed-host statement --use-root FILE"
      : "back up (the new key is here alone), then bootseed-host statement --use-root";
  change(
    `next root: ${next === undefined ? "none" : short(next.rootPk)} → ${short(nextRoot.root.rootPk)}`,
    `then bootseed-host reload; ${then}: VMs follow in order, nothing has to be waited for`,
  );
  return { rootAlg, rootPk, ...announced(nextRoot.root) };
}

const announced = (next: RootKey | undefined): { next?: RootKey } =>
  next === undefined ? {} : { next: { rootAlg: next.rootAlg, rootPk: next.rootPk } };

function newest(dir: string): Statement {
  const statement = readStatement(join(dir, FILES.statement));
  if (statement !== null) return statement;
  throw new HostError("bad-config", `${dir} has no statement`, RESTORE_OR_INIT, EXIT.config);
}

/** A public key's beginning, for people. */
const short = (publicKey: Uint8Array): string => `${toHex(publicKey.subarray(0, 6))}…`;

const conflict = (message: string, fix: string): BootseedError => new HostError("conflict", message, fix, EXIT.usage);
