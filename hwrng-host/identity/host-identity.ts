/** The identity of a running host: loaded once, wiped at stop. */
import {
  ed25519Signer,
  equalConstantTime,
  type HostKeys,
  hostKeys,
  keyPair,
  parseStatement,
  type Signer,
  type Statement,
  toHex,
  verifyStatement,
  wipe,
} from "@bootseed/protocol";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { readPrivate, requirePrivate } from "./files.ts";
import { type Announcement, FILES, pinOf } from "./init.ts";

export type HostIdentity = {
  readonly hostId: Uint8Array;
  readonly statement: Statement;
  /** K_claim, K_psk, K_token: secrets. */
  readonly keys: HostKeys;
  /** The packet key's signer. */
  readonly signPacket: Signer;
  readonly tlsKeyPem: Uint8Array;
  readonly tlsCertificatePem: Uint8Array;
  /** SHA-256 of the certificate: what a claim's MAC is bound to. */
  readonly tlsPin: Uint8Array;
  /** Wipes what can be wiped. */
  close(): void;
};

/**
 * @param announce the config's addresses and interval: the statement must say the same
 * @throws HostError when a file is missing or damaged, or config and statement differ
 */
export function loadIdentity(dir: string, announce: Announcement): HostIdentity {
  const read = (name: string, bytes?: number): Uint8Array => {
    const content = readPrivate(join(dir, name));
    if (content === null) {
      const fix = "run `bootseed-host init --config FILE`, or restore the state folder from its backup";
      throw new HostError("bad-config", `${join(dir, name)} is missing`, fix, EXIT.config);
    }
    if (bytes !== undefined && content.length !== bytes) {
      const message = `${join(dir, name)}: expected ${bytes} bytes, got ${content.length}`;
      throw new HostError("io", message, "restore the state folder from its backup", EXIT.io);
    }
    return content;
  };
  const statement = parse(read(FILES.statement));
  requirePrivate(dir);
  if (existsSync(join(dir, FILES.database))) requirePrivate(join(dir, FILES.database));
  const rootKey = read(FILES.rootKey, 32);
  const root = keyPair("ed25519", rootKey);
  const packetKey = read(FILES.packetKey, 32);
  const secret = read(FILES.secret, 32);
  const tlsKeyPem = read(FILES.tlsKey);
  const tlsCertificatePem = read(FILES.tlsCertificate);
  const tlsPin = pinOf(tlsCertificatePem);
  const packetPk = keyPair("ed25519", packetKey).publicKey;
  try {
    verifyStatement(statement, { rootAlg: 1, rootPk: root.publicKey });
  } catch (cause) {
    throw mismatch(`was not signed by ${FILES.rootKey}`, "restore the state folder from its backup", cause);
  } finally {
    wipe(rootKey, root.privateKey);
  }
  const init = "run `bootseed-host init --config FILE` again: it signs a new statement";
  if (!equalConstantTime(statement.packetPk, packetPk))
    throw mismatch(`names another key than ${FILES.packetKey}`, init);
  if (!statement.pins.some((pin) => equalConstantTime(pin, tlsPin))) {
    throw mismatch(`does not pin ${FILES.tlsCertificate}`, init);
  }
  const said = `${statement.addresses.join(", ")} every ${statement.intervalMs} ms`;
  const wanted = `${announce.advertise.join(", ")} every ${announce.intervalMs} ms`;
  if (said !== wanted) throw mismatch(`says ${said}, the config says ${wanted}`, init);

  const keys = hostKeys(secret);
  const signPacket = ed25519Signer(packetKey);
  wipe(secret, packetKey);
  return {
    hostId: statement.hostId,
    statement,
    keys,
    signPacket,
    tlsKeyPem,
    tlsCertificatePem,
    tlsPin,
    close: () => wipe(keys.kClaim, keys.kPsk, keys.kToken, tlsKeyPem),
  };
}

/** hostId as 16 hex digits: a name, for people and logs. */
export function hostName(identity: Pick<HostIdentity, "hostId">): string {
  return toHex(identity.hostId);
}

function parse(bytes: Uint8Array): Statement {
  try {
    return parseStatement(bytes);
  } catch (cause) {
    throw mismatch(`does not parse (${messageOf(cause)})`, "restore the state folder from its backup", cause);
  }
}

function mismatch(what: string, fix: string, cause?: unknown): HostError {
  return new HostError("bad-config", `the state folder's ${FILES.statement} ${what}`, fix, EXIT.config, { cause });
}
