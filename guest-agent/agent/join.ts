/** Enrols a machine that was created without a seed, by an operator's token (docs/protocol.md, Join). */
import {
  BootseedError,
  encodeJoin,
  equalConstantTime,
  fromBase64,
  fromHex,
  instanceIdHash,
  type JoinToken,
  type KeyPair,
  parseCertificate,
  parseJoinAnswer,
  parseJoinToken,
  parseStatement,
  type Statement,
  toHex,
  wipe,
} from "@bootseed/protocol";
import { readFileSync, statSync } from "node:fs";
import { ensureIdentity } from "./identity.ts";
import { HostFolder } from "./host-folder.ts";
import type { Machine } from "./machine.ts";
import { STATE_DIR } from "./machine.ts";
import { Followed, request } from "./request.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

export interface JoinOptions {
  readonly tokenFile: string;
  /** For the host's lists; by default the machine's own. */
  readonly name: string;
  /** Dialled in place of what the token's statement lists. */
  readonly address?: string | undefined;
}

export interface Joined {
  readonly hostId: string;
  readonly seedId: string;
  readonly folder: HostFolder;
}

/**
 * @throws BootseedError "usage" for a token file that is none or that others may read, "conflict" when this machine is
 * enrolled there and nothing is damaged; "unreachable"; Refusal for what the host says
 */
export async function join(world: World, machine: Machine, options: JoinOptions): Promise<Joined> {
  const token = readToken(options.tokenFile);
  const path = `${STATE_DIR}/${toHex(token.hostId)}`;
  const folder = new HostFolder(world, path);
  refuseSecondJoin(folder);
  await world.kernel.reseed();
  const identity = ensureIdentity(world, machine, path);
  const instanceId = machine.instanceId();
  const bootId = fromHex(machine.bootId().replaceAll("-", ""), 16);
  const { hostId, tokenId } = token;
  const fields = { hostId, tokenId, identityPk: identity.publicKey, bootId, instanceId, name: options.name };
  const source = new Source(token, options.address);
  const send = async (mayFollow: boolean): Promise<{ status: number; body: Uint8Array }> =>
    request(world, source, "/v1/joins", (pin) => encodeJoin(fields, token.joinKey, pin), mayFollow);
  const answer = await send(true).catch(async (error: unknown) => {
    if (error instanceof Followed) return send(false);
    throw error;
  });
  wipe(token.joinKey, identity.privateKey);
  if (answer.status !== 200) {
    const why = "the token is unknown there, expired, used up or revoked; or the machine was revoked";
    throw new Refusal(`http-${answer.status}`, `the host answered ${answer.status}: ${why}`);
  }
  const { freshBytes, psk, certificate } = parseJoinAnswer(answer.body);
  await world.kernel.mixAndReseed(freshBytes);
  const named = parseCertificate(certificate);
  const mine =
    equalConstantTime(named.hostId, hostId) &&
    equalConstantTime(named.identityPk, identity.publicKey) &&
    equalConstantTime(named.instanceIdHash, instanceIdHash(instanceId));
  if (!mine) throw new Refusal("mismatch", "the host's certificate names another machine");
  folder.write("statement", source.statement().bytes);
  folder.write("psk", psk);
  folder.write("certificate", certificate); // last: with it, the machine counts as enrolled
  folder.keepIssuer(source.statement());
  wipe(freshBytes, psk);
  return { hostId: toHex(hostId), seedId: toHex(named.seedId), folder };
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

function readToken(file: string): JoinToken {
  let text: string;
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0)
      throw new Error(`mode 0${mode.toString(8)} lets others read it: chmod 600, and use a new token if anybody did`);
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new BootseedError("usage", `cannot use the token file ${file}: ${(cause as Error).message}`, { cause });
  }
  const bytes = fromBase64(text);
  try {
    return parseJoinToken(bytes);
  } finally {
    wipe(bytes);
  }
}

/** A machine that is enrolled and whole needs no token; one whose files were damaged does. */
function refuseSecondJoin(folder: HostFolder): void {
  if (!folder.enrolled) return;
  let key: KeyPair;
  try {
    folder.statement();
    wipe(folder.psk());
    key = folder.identity();
  } catch {
    return;
  }
  wipe(key.privateKey);
  const message = `this machine is enrolled at host ${toHex(folder.hostId)}: nothing to do (bootseed-agent topup --now)`;
  throw new BootseedError("conflict", message);
}
