/** Enrols a machine that was created without a seed, by an operator's token (docs/protocol.md, Join). */
import {
  BootseedError,
  concat,
  encodeJoin,
  equalConstantTime,
  fromBase64,
  fromHex,
  instanceIdHash,
  type JoinToken,
  label,
  parseCertificate,
  parseJoinAnswer,
  parseJoinToken,
  parseStatement,
  type Statement,
  toHex,
  wipe,
} from "@bootseed/protocol";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ensureIdentity } from "./identity.ts";
import { HostFolder } from "./host-folder.ts";
import type { Machine } from "./machine.ts";
import { STATE_DIR } from "./machine.ts";
import { Followed, request } from "./request.ts";
import { Refusal } from "./refusal.ts";
import { checkInstance } from "./topup.ts";
import type { World } from "./world.ts";

export interface JoinOptions {
  /** Its key is wiped. */
  readonly token: JoinToken;
  /** One that the token allows; empty: the token's only name. */
  readonly name: string;
  /** Where the host refuses `name`, ask for the token's only name. */
  readonly orTokensName?: boolean | undefined;
  /** Join although this machine is enrolled: the host refuses the enrolment, as after a revocation. */
  readonly again?: boolean | undefined;
  /** Dialled in place of what the token's statement lists. */
  readonly address?: string | undefined;
}

export interface Joined {
  readonly hostId: string;
  readonly seedId: string;
  /** It was enrolled before, nothing is damaged, and the token was not used. */
  readonly already: boolean;
  /** Of the mix and reseed of the host's bytes; 255 not tried. */
  readonly rcMix: number;
  readonly rcReseed: number;
}

const NOT_TRIED = 255;
/** What belongs to one machine; `spent` stays. */
const ENROLMENT = [
  "claim",
  "identity",
  "identity.pub",
  "psk",
  "counter",
  "issuer",
  "statement",
  "topup.json",
  // The records of the instance last: if the power goes meanwhile, they still say whose the rest is.
  "certificate",
  "instance",
];

/** @throws BootseedError "unreachable"; Refusal for what the host says */
export async function join(world: World, machine: Machine, options: JoinOptions): Promise<Joined> {
  const { token } = options;
  const path = `${STATE_DIR}/${toHex(token.hostId)}`;
  const folder = new HostFolder(world, path);
  if (options.again !== true && isWhole(world, folder)) {
    wipe(token.joinKey);
    const seedId = toHex(folder.certificate().seedId);
    return { hostId: toHex(token.hostId), seedId, already: true, rcMix: NOT_TRIED, rcReseed: NOT_TRIED };
  }
  if (machine.lostCloudName()) {
    const expected = "expected cloud-init's instance-id, which is not known now, as while the metadata service is down";
    throw new Refusal("instance-unknown", `${expected}: wait for it or reboot, then join again`);
  }
  // The enrolment is bound to it, and no host answers without.
  if (machine.instanceId() === "")
    throw new Refusal("instance", "expected cloud-init's instance-id or /etc/machine-id: systemd-machine-id-setup");
  await world.kernel.reseed();
  // A copy of another machine's disk: its identity is not ours. Nothing is destroyed, as names can be wrong.
  const other = folder.otherInstance();
  if (other !== null) {
    world.say(`${path}: enrolment of another instance (SHA-256 ${other}…): put aside as *.${other}`);
    for (const name of ENROLMENT)
      if (world.disk.read(`${path}/${name}`) !== null) world.disk.rename(`${path}/${name}`, `${path}/${name}.${other}`);
  }
  const identity = ensureIdentity(world, machine, path);
  const instanceId = machine.instanceId();
  const bootId = fromHex(machine.bootId().replaceAll("-", ""), 16);
  const { hostId, tokenId } = token;
  const fields = { hostId, tokenId, identityPk: identity.publicKey, bootId, instanceId };
  const source = new Source(token, options.address);
  const send = async (name: string, mayFollow: boolean): Promise<{ status: number; body: Uint8Array }> =>
    request(world, source, "/v1/joins", (pin) => encodeJoin({ ...fields, name }, token.joinKey, pin), mayFollow);
  const ask = async (name: string): Promise<{ status: number; body: Uint8Array }> =>
    send(name, true).catch(async (error: unknown) => {
      if (error instanceof Followed) return send(name, false);
      throw error;
    });
  const first = await ask(options.name);
  const mayAskAgain = first.status === 403 && options.orTokensName === true && options.name !== "";
  const answer = mayAskAgain ? await ask("") : first;
  wipe(token.joinKey, identity.privateKey);
  if (answer.status !== 200) {
    const asked = options.name === "" ? "" : `the token does not allow the name ${options.name} (--name), or `;
    const why = `${asked}it is unknown there, expired, used up or revoked; a machine that was revoked needs a token that was not used`;
    throw new Refusal(`http-${answer.status}`, `the host answered ${answer.status}: ${why}`);
  }
  const { freshBytes, psk, certificate } = parseJoinAnswer(answer.body);
  const mixed = createHash("sha512")
    .update(concat(label("join"), freshBytes, world.clocks()))
    .digest();
  const codes = await world.kernel.mixAndReseed(mixed);
  const named = parseCertificate(certificate);
  const mine =
    equalConstantTime(named.hostId, hostId) &&
    equalConstantTime(named.identityPk, identity.publicKey) &&
    equalConstantTime(named.instanceIdHash, instanceIdHash(instanceId));
  if (!mine) throw new Refusal("mismatch", "the host's certificate names another machine");
  folder.write("statement", source.statement().bytes);
  // An older enrolment's must not stand beside the new psk, if the power goes between them: it would pass for whole.
  for (const name of ["certificate", "issuer"]) world.disk.wipe(`${path}/${name}`);
  folder.keepInstance(instanceId);
  folder.write("psk", psk);
  folder.write("certificate", certificate); // last: with it, the machine counts as enrolled
  folder.keepIssuer(source.statement());
  wipe(freshBytes, mixed, psk);
  return { hostId: toHex(hostId), seedId: toHex(named.seedId), already: false, ...codes };
}

/** The statement of a machine that has no folder yet. */
class Source {
  readonly hostId: Uint8Array;
  #statement: Statement;
  readonly #address: string | undefined;

  constructor(token: JoinToken, address: string | undefined) {
    this.hostId = token.hostId;
    this.#statement = parseStatement(token.statement);
    this.#address = address;
  }

  statement(): Statement {
    return this.#statement;
  }

  addresses(): readonly string[] {
    return this.#address === undefined ? this.#statement.addresses : [this.#address];
  }

  keepStatement(statement: Statement): void {
    this.#statement = statement;
  }
}

/** @throws BootseedError "usage" for a file that is none or that others may read, "bad-checksum" for one that was damaged */
export function readToken(file: string): JoinToken {
  let text: string;
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0)
      throw new Error(`mode 0${mode.toString(8)} lets others read it: chmod 600, and use a new token if anybody did`);
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new BootseedError("usage", `cannot use the token file ${file}: ${(cause as Error).message}`, { cause });
  }
  let bytes: Uint8Array = new Uint8Array(0);
  try {
    bytes = fromBase64(text);
    return parseJoinToken(bytes);
  } catch (cause) {
    throw new BootseedError("bad-checksum", `${file} is no join token, or was damaged: copy it again`, { cause });
  } finally {
    wipe(bytes);
  }
}

/** A machine that is enrolled and whole needs no token; one whose files were damaged, or are a copy's, does. */
function isWhole(world: World, folder: HostFolder): boolean {
  if (!folder.enrolled) return false;
  try {
    checkInstance(world, folder);
    folder.statement();
    wipe(folder.psk(), folder.identity().privateKey);
    return true;
  } catch (error) {
    // A disk that does not read says nothing about the files: a join would replace sound ones.
    if (error instanceof Refusal) return false;
    throw error;
  }
}
