/** The identity of a running host: loaded once, wiped at stop. */
import {
  ed25519Signer,
  equalConstantTime,
  followStatements,
  type HostKeys,
  hostKeys,
  keyPair,
  sameRoot,
  type Signer,
  type Statement,
  toHex,
  verifyStatement,
  wipe,
} from "@bootseed/protocol";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { afterLostFuture } from "./adopt.ts";
import { readPrivate, requirePrivate } from "./files.ts";
import { loadHistory, readStatement } from "./history.ts";
import { type Announcement, pinOf } from "./init.ts";
import { FILES, finishRotations, parseRoot, requirePair } from "./keys.ts";
import { RESTORE, RESTORE_OR_INIT } from "./lost.ts";

export type HostIdentity = {
  readonly hostId: Uint8Array;
  /** The newest statement. */
  readonly statement: Statement;
  /** Every statement that was ever signed, ascending; the newest is the last. */
  readonly history: readonly Statement[];
  /** Serials whose certificates bring no VM back. */
  readonly revoked: ReadonlySet<number>;
  /** K_claim, K_psk, K_token, K_join: secrets. */
  readonly keys: HostKeys;
  /** The packet key's signer. */
  readonly signPacket: Signer;
  readonly tlsKeyPem: Uint8Array;
  readonly tlsCertificatePem: Uint8Array;
  /** SHA-256 of the certificate: what a claim's MAC is bound to. */
  readonly tlsPin: Uint8Array;
  /**
   * Goes on after a statement of this host's own lost future (a state folder restored from a backup): signs the next
   * one, durable on return.
   * @param presented a guest's, with a higher serial; verified here
   * @param now seconds since 1970
   * @returns false when its root is not one of ours, or its key is not at hand
   */
  adopt(presented: Statement, now: number): boolean;
  /** Wipes what can be wiped. */
  close(): void;
};

const NEW_CERTIFICATE =
  "restore it from the backup, or make a new one: `bootseed-host statement --new-certificate`, then `--use-certificate --now`";
/** What VMs follow without it: a loss that the root's signature makes good. */
const REPLACED_BY: Record<string, string> = {
  [FILES.packetKey]: "restore it from the backup, or make a new one: `bootseed-host statement --new-packet-key`",
  [FILES.tlsKey]: NEW_CERTIFICATE,
  [FILES.tlsCertificate]: NEW_CERTIFICATE,
};

/** @throws HostError when a file is missing or damaged, or the files contradict each other */
export function loadIdentity(dir: string): HostIdentity {
  const missing = (name: string): never => {
    const fix = REPLACED_BY[name] ?? (name === FILES.statement ? RESTORE_OR_INIT : RESTORE);
    throw new HostError("bad-config", `${join(dir, name)} is missing`, fix, EXIT.config);
  };
  const read = (name: string, bytes?: number): Uint8Array => {
    const content = readPrivate(join(dir, name));
    if (content === null) return missing(name);
    if (bytes !== undefined && content.length !== bytes) {
      const message = `${join(dir, name)}: expected ${bytes} bytes, got ${content.length}`;
      throw new HostError("io", message, RESTORE, EXIT.config);
    }
    return content;
  };
  let newest = readStatement(join(dir, FILES.statement)) ?? missing(FILES.statement);
  requirePrivate(dir);
  if (existsSync(join(dir, FILES.database))) requirePrivate(join(dir, FILES.database));
  finishRotations(dir, newest);
  const packetKey = read(FILES.packetKey, 32);
  const secret = read(FILES.secret, 32);
  const tlsKeyPem = read(FILES.tlsKey);
  const tlsCertificatePem = read(FILES.tlsCertificate);
  const tlsPin = pinOf(tlsCertificatePem);
  const packetPk = keyPair("ed25519", packetKey).publicKey;
  const { statements, revoked } = loadHistory(dir, newest);
  checkRoots(dir, statements);
  const init = "run `bootseed-host init --config FILE` again: it signs a new statement";
  if (!equalConstantTime(newest.packetPk, packetPk)) throw mismatch(`names another key than ${FILES.packetKey}`, init);
  if (!newest.pins.some((pin) => equalConstantTime(pin, tlsPin))) {
    throw mismatch(`does not pin ${FILES.tlsCertificate}`, init);
  }
  requirePair(dir, tlsKeyPem, tlsCertificatePem);

  const keys = hostKeys(secret);
  const signPacket = ed25519Signer(packetKey);
  wipe(secret, packetKey);
  return {
    hostId: newest.hostId,
    get statement() {
      return newest;
    },
    history: statements,
    revoked,
    keys,
    signPacket,
    tlsKeyPem,
    tlsCertificatePem,
    tlsPin,
    adopt(presented, now) {
      const next = afterLostFuture(dir, statements, presented, now);
      if (next === null) return false;
      statements.push(presented, next);
      newest = next;
      return true;
    },
    close: () => wipe(keys.kClaim, keys.kPsk, keys.kToken, keys.kJoin, tlsKeyPem),
  };
}

/** Each statement must be signed by its own root, and each root be the one before or announced by it; root.key, if here, one of them. */
function checkRoots(dir: string, statements: readonly Statement[]): void {
  try {
    const [first, ...rest] = statements;
    if (first !== undefined) verifyStatement(first, first);
    if (first !== undefined)
      followStatements(
        first,
        rest.map(({ bytes }) => bytes),
      );
  } catch (cause) {
    throw mismatch(`does not follow from the statements before it (${messageOf(cause)})`, RESTORE, cause);
  }
  const content = readPrivate(join(dir, FILES.rootKey));
  if (content === null) return;
  const root = parseRoot(content, join(dir, FILES.rootKey));
  // One that signed before may still lie here: the present one is elsewhere.
  if (!statements.some((one) => sameRoot(root, one))) throw mismatch(`was not signed by ${FILES.rootKey}`, RESTORE);
}

/** @returns how the config's addresses and interval differ from the signed ones, which VMs go by; null if they do not */
export function unsigned({ addresses, intervalMs }: Statement, announce: Announcement): string | null {
  const signed = `${addresses.join(", ")} every ${intervalMs} ms`;
  const wanted = `${announce.advertise.join(", ")} every ${announce.intervalMs} ms`;
  return signed === wanted
    ? null
    : `the config says ${wanted}, the signed statement says ${signed}: VMs go by the statement`;
}

/** hostId as 16 hex digits: a name, for people and logs. */
export function hostName(identity: Pick<HostIdentity, "hostId">): string {
  return toHex(identity.hostId);
}

function mismatch(what: string, fix: string, cause?: unknown): HostError {
  return new HostError("bad-config", `the state folder's ${FILES.statement} ${what}`, fix, EXIT.config, { cause });
}
