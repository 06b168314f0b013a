/**
 * What this machine keeps of one host, `/var/lib/bootseed/<hostId>/`: byte for byte the kit's files, so that either takes
 * over from the other between two deliveries (docs/protocol.md, State on the guest).
 */
import {
  BootseedError,
  type Certificate,
  concat,
  equalConstantTime,
  fromHex,
  instanceIdHash,
  type KeyPair,
  MAX_COUNTER,
  parseCertificate,
  parseStatement,
  Reader,
  type Statement,
  toHex,
  u64be,
  wipe,
} from "@bootseed/protocol";
import { createHash } from "node:crypto";
import { Damaged, type Notes, parseCounts } from "./counts.ts";
import { parseOpensshKey } from "./openssh-key.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** A guest asks again when this part of the interval has passed: the timer's own jitter fills the rest. */
const DUE_FRACTION = 0.9;
/** What OpenSSH has before an Ed25519 key: its type and its length. */
const PUBLIC_HEAD = `0000000b${Buffer.from("ssh-ed25519").toString("hex")}00000020`;
const HOST_ID = /^[0-9a-f]{16}$/;

/** Of all hosts that have a statement or certificate here, were it put aside as damaged: not of those only `spent`. */
export function hostFolders(world: World, stateDir: string): HostFolder[] {
  const known = (folder: string): boolean => {
    try {
      return world.disk.list(`${stateDir}/${folder}`).some((name) => /^(statement|certificate|issuer)/.test(name));
    } catch {
      return true; // cannot be read: its own top-up says so, and no other host's is held up
    }
  };
  const names = world.disk.list(stateDir).filter((name) => HOST_ID.test(name) && known(name));
  // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no toSorted
  return names.sort().map((name) => new HostFolder(world, `${stateDir}/${name}`));
}

export class HostFolder {
  readonly path: string;
  readonly hostId: Uint8Array;
  readonly #world: World;

  /** @param path ends in the hostId, 16 hex digits */
  constructor(world: World, path: string) {
    this.#world = world;
    this.path = path;
    this.hostId = fromHex(path.slice(-16), 8);
  }

  read(name: string): Uint8Array | null {
    return this.#world.disk.read(`${this.path}/${name}`);
  }

  /** Replaces a file, durable on return. */
  write(name: string, content: Uint8Array): void {
    this.#world.disk.replace(`${this.path}/${name}`, content);
  }

  get enrolled(): boolean {
    return this.read("certificate") !== null;
  }

  /**
   * Puts every damaged file aside before anything is asked for: what is wrong shows at once, as in the kit. Damaged is what
   * its own bytes say cannot be the file, or what is no file.
   * @throws what the disk or OpenSSL throws, which is no damage: nothing is renamed; without counts and issuer all goes on
   */
  putAside(): void {
    const reads: [() => unknown, boolean][] = [
      [() => this.notes(), false],
      [() => this.counter(), true],
      [() => this.#parsedStatement("issuer"), false],
      [() => this.statement(), true],
      [() => this.psk(), true],
      [() => this.#parsedIdentity(this.#parsedCertificate()), true],
    ];
    for (const [read, needed] of reads) {
      try {
        read();
      } catch (error) {
        if (needed && !(error instanceof Refusal)) throw error;
        if (!needed) this.#world.say(`${this.path}: ${(error as Error).message}`);
      }
    }
  }

  /**
   * The instance that this enrolment belongs to when it is not this machine's: 8 digits of its hash; null when it is ours,
   * when there is none, and when it is not known. One record that names this machine is enough.
   */
  otherInstance(): string | null {
    const names = this.#world.instanceIds?.map(instanceIdHash) ?? [];
    const ours = (hash: Uint8Array): boolean => names.some((name) => equalConstantTime(name, hash));
    const certificate = this.#parsedCertificate()?.instanceIdHash;
    if (names.length === 0 || (certificate !== undefined && ours(certificate))) return null;
    const record = parseInstance(this.read("instance"));
    const [first] = [record, certificate].filter((hash) => hash?.some((byte) => byte !== 0)); // zeros are no hash
    return first === null || first === undefined || ours(first) ? null : toHex(first).slice(0, 8);
  }

  /** Keeps which instance this enrolment is for, beside the certificate, whose damage cannot make it another's then. */
  keepInstance(instanceId: string): void {
    const hash = instanceIdHash(instanceId);
    this.write("instance", concat(hash, createHash("sha256").update(hash).digest()));
  }

  /** The newest statement; falls back to `issuer` when it is damaged. @throws Refusal "state-statement" */
  statement(): Statement {
    const newest = this.#parsedStatement("statement");
    if (newest !== null) return newest;
    const issuer = this.#parsedStatement("issuer") ?? this.#lost("statement");
    this.write("statement", issuer.bytes);
    return issuer;
  }

  /** @throws Refusal "state-certificate" */
  certificate(): Certificate {
    return this.#parsedCertificate() ?? this.#lost("certificate");
  }

  /** The identity's keys; the private one is a secret. @throws Refusal "state-identity" */
  identity(): KeyPair {
    return this.#parsedIdentity(this.certificate()) ?? this.#lost("identity");
  }

  /** 32 bytes, secret. @throws Refusal "state-psk" */
  psk(): Uint8Array {
    const psk = this.#parsed("psk", (bytes) => {
      if (bytes.length !== 32) throw new Damaged("expected 32 bytes");
      return bytes;
    });
    return psk ?? this.#lost("psk");
  }

  /** Of the last packet taken. A damaged one counts from 0: a one-time key opens no old packet, and the host sees it. */
  counter(): number {
    const counter = this.#parsed("counter", (bytes) => {
      const reader = new Reader(bytes, "counter");
      const value = reader.u64("counter");
      reader.end();
      if (value >= MAX_COUNTER) throw new Damaged("at the end of its range");
      return value;
    });
    return counter ?? 0;
  }

  keepCounter(counter: number): void {
    this.write("counter", u64be(counter));
  }

  /** Keeps a statement that was verified, and the one that signed the certificate under a name of its own. */
  keepStatement(statement: Statement): void {
    this.keepIssuer(this.statement());
    this.write("statement", statement.bytes);
  }

  /** Keeps a statement as `issuer` when it is the one that the certificate names. */
  keepIssuer(statement: Statement): void {
    try {
      if (this.read("issuer") !== null || !this.enrolled) return;
    } catch {
      return; // cannot be read, hence is not to be replaced; nothing else needs it
    }
    if (statement.serial === this.certificate().statementSerial) this.write("issuer", statement.bytes);
  }

  /** Statements that prove the enrolment to a host that lost it, oldest first. */
  proofs(): Uint8Array[] {
    const newest = this.statement();
    let issuer: Statement | null = null;
    try {
      issuer = this.#parsedStatement("issuer");
    } catch {
      // It cannot be read: the newest may do alone.
    }
    return issuer !== null && issuer.serial < newest.serial ? [issuer.bytes, newest.bytes] : [newest.bytes];
  }

  notes(): Notes {
    return this.#parsed("topup.json", parseCounts) ?? {};
  }

  keepNotes(notes: Notes): void {
    this.write("topup.json", new TextEncoder().encode(JSON.stringify(notes)));
  }

  /** Whether it is time for a top-up. A time in the future is a clock that was set: due. */
  due(): boolean {
    const at = this.#world.disk.modifiedMs(`${this.path}/counter`);
    if (at === null) return true;
    const age = this.#world.nowMs() - at;
    return age < 0 || age >= this.statement().intervalMs * DUE_FRACTION;
  }

  /** One more refusal with this code. */
  count(code: string): void {
    const notes = this.notes();
    const before = notes[code];
    this.keepNotes({ ...notes, [code]: (typeof before === "number" ? before : 0) + 1 });
  }

  #mine<T extends { readonly hostId: Uint8Array }>(message: T): T {
    if (!equalConstantTime(message.hostId, this.hostId)) throw new Damaged("it belongs to another host");
    return message;
  }

  #parsedStatement(name: "statement" | "issuer"): Statement | null {
    return this.#parsed(name, (bytes) => this.#mine(parseStatement(bytes)));
  }

  #parsedCertificate(): Certificate | null {
    return this.#parsed("certificate", (bytes) => this.#mine(parseCertificate(bytes)));
  }

  /** Of the two, the certificate is damaged if identity.pub agrees with the key; else the key goes aside, lest a join enrol another host's. */
  #parsedIdentity(certificate: Certificate | null): KeyPair | null {
    return this.#parsed("identity", (bytes) => {
      const key = parseOpensshKey(bytes);
      if (certificate === null || equalConstantTime(key.publicKey, certificate.identityPk)) return key;
      wipe(key.privateKey);
      if (this.#isPublished(key.publicKey)) {
        this.#putAside("certificate", "it names another key than identity and identity.pub");
        this.#lost("certificate");
      }
      throw new Damaged("not the identity that was enrolled");
    });
  }

  /** Null when the file is not there, or was damaged and is now aside. */
  #parsed<T>(name: string, parse: (bytes: Uint8Array) => T): T | null {
    const bytes = this.read(name);
    if (bytes === null) return null;
    try {
      return parse(bytes);
    } catch (error) {
      // What OpenSSL or memory make of it is no damage: the file stays.
      if (!(error instanceof BootseedError || error instanceof Damaged)) throw error;
      this.#putAside(name, (error as Error).message);
      return null;
    }
  }

  #putAside(name: string, why: string): void {
    const path = `${this.path}/${name}`;
    this.#world.disk.rename(path, `${path}.corrupt`);
    this.#world.say(`${path} is damaged and was put aside as ${name}.corrupt: ${why}`);
    this.count(`state-${name}`);
  }

  /** Whether identity.pub has this key, 32 bytes. */
  #isPublished(publicKey: Uint8Array): boolean {
    const blob = concat(fromHex(PUBLIC_HEAD, 19), publicKey);
    return Buffer.from(this.read("identity.pub") ?? []).includes(Buffer.from(blob).toString("base64"));
  }

  #lost(name: string): never {
    const message = `${this.path}/${name}: expected what the enrolment left; it is gone or was damaged: join again`;
    throw new Refusal(`state-${name}`, message);
  }
}

/** The instance's hash in the file, which has the SHA-256 of that behind it; null unless it is right. */
function parseInstance(bytes: Uint8Array | null): Uint8Array | null {
  const hash = bytes?.subarray(0, 32);
  if (bytes?.length !== 64 || hash === undefined) return null;
  return equalConstantTime(bytes.subarray(32), createHash("sha256").update(hash).digest()) ? hash : null;
}
