/** `bootseed-host statement`: what the host says about itself; rotations of its keys. */
import { type RootKey, type Statement, toHex } from "@bootseed/protocol";
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { lastBackup, rootLacksBackup } from "../backup/record.ts";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { readPrivate } from "../identity/files.ts";
import { loadHistory, readStatement, revokeSerial } from "../identity/history.ts";
import { FILES, parseRoot, type SigningRoot } from "../identity/keys.ts";
import { carryOut, plan, type Rotation, takeNextCertificate } from "../identity/rotate.ts";
import { systemRandom } from "../system-random.ts";
import { behind } from "./behind.ts";
import { configOption, withConfig } from "./follow-up.ts";

export type StatementOptions = {
  readonly config: string;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly list: boolean;
  /** VMs that are not known to hold the newest statement. */
  readonly behind: boolean;
  /** Sign what the config changed. */
  readonly sign: boolean;
  readonly newPacketKey: boolean;
  readonly newCertificate: boolean;
  readonly useCertificate: boolean;
  readonly now: boolean;
  readonly nextRoot?: string | undefined;
  readonly useRoot?: string | true | undefined;
  readonly rootKey?: string | undefined;
  /** `--use-root` although no backup has the announced root's key. */
  readonly withoutBackup?: true | undefined;
  readonly serialAbove?: string | undefined;
  readonly revoke?: string | undefined;
};

/** @returns text for the terminal @throws HostError; nothing is written then */
export async function statement(options: StatementOptions): Promise<string> {
  const config = loadConfig(options.config);
  const { stateDir } = config;
  if (options.behind) return behind(options);
  if (options.revoke !== undefined) return revoke(stateDir, options);
  if (options.useCertificate) {
    takeNextCertificate(stateDir, Date.now() / 1000, options);
    if (options.json) return `${JSON.stringify({ schema: 1, certificateChanged: !options.dryRun })}\n`;
    const word = options.dryRun ? "would be" : "is";
    return withConfig(`the next certificate ${word} the one in use: then bootseed-host reload\n`, options.config);
  }
  const rotation = await rotationOf(options);
  const planned = plan(stateDir, config, rotation, Math.floor(Date.now() / 1000));
  const lacking = usesOwnKey(stateDir, options) && !options.withoutBackup ? withoutBackup(stateDir) : null;
  if (lacking !== null && !options.dryRun) throw new HostError("conflict", lacking, BACK_UP, EXIT.usage);
  const { before, changes } = planned;
  const lines =
    lacking === null ? planned.effects : [`it would be refused: ${lacking}: ${BACK_UP}`, ...planned.effects];
  const effects = lines.map((line) => withConfig(line, options.config));
  if (options.list) return list(stateDir, before.serial, options.json);
  const asked = Object.keys(rotation).length > 0;
  const signs = planned.fields !== null && !options.dryRun && (asked || options.sign);
  const after = signs ? carryOut(stateDir, planned, rotation) : null;
  const serial = after?.serial ?? planned.fields?.serial ?? before.serial;
  if (options.json) {
    const answer = { schema: 1, signed: after !== null, serial, changes, effects, statement: viewOf(after ?? before) };
    return `${JSON.stringify(answer)}\n`;
  }
  if (planned.fields === null) return `statement ${before.serial} is up to date\n${describe(before)}`;
  const head = after === null ? `${describe(before)}would sign statement ${serial}:` : `signed statement ${serial}:`;
  const hint =
    after === null && !asked && !options.dryRun
      ? [`nothing was signed; to sign it: bootseed-host statement --sign${configOption(options.config)}`]
      : [];
  return [head, ...changes.map((line) => `  ${line}`), ...effects.map((line) => `- ${line}`), ...hint, ""].join("\n");
}

async function rotationOf(options: StatementOptions): Promise<Rotation> {
  const { newPacketKey, newCertificate, nextRoot, useRoot, rootKey, serialAbove } = options;
  // Loaded here only: the certificate library is large.
  const pair = newCertificate ? await import("../identity/self-signed.ts") : null;
  const random = systemRandom();
  return {
    ...(newPacketKey ? { packetKey: random(32) } : {}),
    ...(pair === null ? {} : { certificate: await pair.selfSigned("bootseed-host", random(8)) }),
    ...(nextRoot === undefined ? {} : { nextRoot: nextRootOf(nextRoot) }),
    ...(useRoot === undefined ? {} : { useRoot: useRoot === true ? null : keyFile("--use-root", useRoot) }),
    ...(rootKey === undefined ? {} : { root: keyFile("--root-key", rootKey) }),
    ...(serialAbove === undefined ? {} : { serialAbove: aboveOf(serialAbove) }),
  };
}

const BACK_UP = "run `bootseed-host backup --recipient age1… --out FILE`, then this again; --without-backup insists";

/** Whether the announced root's key is the one in the state folder, also where its file is named. */
const usesOwnKey = (dir: string, { useRoot }: StatementOptions): boolean =>
  useRoot === true || (useRoot !== undefined && dirname(realpathSync(useRoot)) === realpathSync(dir));

/** With a key that no backup has, this machine's loss takes the host from all VMs that follow the root. */
function withoutBackup(dir: string): string | null {
  if (!rootLacksBackup(dir, "next")) return null;
  const last = lastBackup(dir);
  const when =
    last === null ? "no backup" : `the last backup (${new Date(last.at * 1000).toISOString()}) does not have it`;
  return `the announced root's key is in ${dir} alone: ${last === null ? "there is " : ""}${when}`;
}

function keyFile(option: string, path: string): SigningRoot {
  const content = readPrivate(path);
  if (content !== null) return parseRoot(content, path);
  throw new HostError("usage", `${option} ${path}: no such file`, "name the root's key file", EXIT.usage);
}

/** `new`, or a file with a public key in PEM: its private half is somewhere safer. */
function nextRootOf(text: string): { root: RootKey; key?: Uint8Array } {
  if (text === "new") {
    const key = systemRandom()(32);
    return { root: parseRoot(Uint8Array.from(key), "new"), key };
  }
  try {
    const { kty, crv, x = "", y = "" } = createPublicKey(readFileSync(text)).export({ format: "jwk" });
    const [bytesX, bytesY] = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
    if (kty === "OKP" && crv === "Ed25519") return { root: { rootAlg: 1, rootPk: Uint8Array.from(bytesX) } };
    if (kty === "EC" && crv === "P-256") {
      const rootPk = Uint8Array.of(2 + ((bytesY.at(-1) ?? 0) & 1), ...bytesX);
      return { root: { rootAlg: 2, rootPk } };
    }
    throw new Error(`a key of another kind: ${crv ?? kty ?? "unknown"}`);
  } catch (cause) {
    const fix =
      "make one: openssl genpkey -algorithm ed25519 -out root.pem; openssl pkey -in root.pem -pubout -out root.pub";
    const message = `--next-root ${text}: expected "new" or a file with an Ed25519 or P-256 public key in PEM: ${messageOf(cause)}`;
    throw new HostError("usage", message, fix, EXIT.usage, { cause });
  }
}

/** A u32 that runs out is the end of this host, and the number to type comes from a VM: 8 years of seconds stay free. */
const HIGHEST_ABOVE = 0xf000_0000;

function aboveOf(text: string): number {
  const serial = serialOf("--serial-above", text);
  if (serial <= HIGHEST_ABOVE) return serial;
  const message = `--serial-above ${serial}: expected a serial up to ${HIGHEST_ABOVE}: this host has never signed it`;
  throw new HostError("usage", message, "serials are seconds since 1970; whoever named this one lies", EXIT.usage);
}

function serialOf(option: string, text: string): number {
  const serial = Number(text);
  if (Number.isInteger(serial) && serial >= 1 && serial < 0xffff_ffff) return serial;
  const fix = `type it like this: ${option} 1795293740 (\`bootseed-host statement --list\` shows them)`;
  throw new HostError("usage", `${option} ${text}: expected a serial from 1 to 4294967294`, fix, EXIT.usage);
}

function revoke(dir: string, { revoke: text = "", dryRun, json, config }: StatementOptions): string {
  const serial = serialOf("--revoke", text);
  if (!existsSync(join(dir, "statements", String(serial)))) {
    const fix = "`bootseed-host statement --list` shows them";
    throw new HostError("not-found", `--revoke ${serial}: no such statement was ever signed`, fix, EXIT.usage);
  }
  const first = dryRun || revokeSerial(dir, serial);
  if (json) return `${JSON.stringify({ schema: 1, revoked: serial, changed: first && !dryRun })}\n`;
  const word = dryRun ? "would be" : first ? "is" : "was already";
  const line = `statement ${serial} ${word} revoked: certificates that name it bring no VM back; then bootseed-host reload\n`;
  return withConfig(line, config);
}

function list(dir: string, newestSerial: number, json: boolean): string {
  const newest = readStatement(join(dir, FILES.statement));
  if (newest === null) throw new HostError("bad-config", `${dir} has no statement`, "run init", EXIT.config);
  const { statements, revoked } = loadHistory(dir, newest);
  const rows = statements.map((one) => ({ ...viewOf(one), revoked: revoked.has(one.serial) }));
  if (json) return `${JSON.stringify({ schema: 1, newest: newestSerial, statements: rows })}\n`;
  return statements.map((one, i) => describe(one, rows[i]?.revoked)).join("");
}

/** A statement for programs; keys and pins by their hexadecimal. */
function viewOf({
  serial,
  rootAlg,
  rootPk,
  packetPk,
  intervalMs,
  pins,
  addresses,
  next,
}: Statement): Record<string, unknown> {
  const root = { alg: rootAlg === 1 ? "ed25519" : "p256", key: toHex(rootPk) };
  const following =
    next === undefined ? null : { alg: next.rootAlg === 1 ? "ed25519" : "p256", key: toHex(next.rootPk) };
  return { serial, root, next: following, packetKey: toHex(packetPk), pins: pins.map(toHex), addresses, intervalMs };
}

function describe(one: Statement, revoked = false): string {
  const { serial, rootPk, packetPk, intervalMs, pins, addresses, next } = one;
  const short = (bytes: Uint8Array): string => `${toHex(bytes.subarray(0, 6))}…`;
  const following = next === undefined ? "" : `, next ${short(next.rootPk)}`;
  return (
    `statement ${serial}${revoked ? " REVOKED" : ""}: root ${short(rootPk)}${following}, packet key ${short(packetPk)}, ` +
    // Whole, since programs are given one by a person who reads it here.
    `pins ${pins.map((pin) => `sha256=${toHex(pin)}`).join(" ")}, ${addresses.join(", ")}, every ${intervalMs / 1000} s\n`
  );
}
