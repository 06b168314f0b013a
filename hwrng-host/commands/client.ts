/** `bootseed-host client`: who may mint from other machines, by a token over https or by ssh. */
import { resolve } from "node:path";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { splitAddress } from "../config/address.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, refuseUnwritable } from "../identity/files.ts";
import { MintClient } from "../mint/client.ts";
import {
  clientsAnswerSchema,
  type ClientView,
  type NewClientAnswer,
  newClientAnswerSchema,
  newClientSchema,
  renewalSchema,
} from "../mint/clients.ts";
import { configOption } from "./follow-up.ts";
import { EXPECTED_TIME, iso, secondsOf } from "./join-token.ts";
import { typed, wholeNumber } from "./typed.ts";

export type NewClientOptions = {
  readonly config: string;
  readonly role: string;
  readonly stacks: readonly string[] | undefined;
  readonly quota: string | undefined;
  /** For a token 90d unless it is said; an ssh key's line in authorized_keys has no end of its own. */
  readonly expires: string | undefined;
  readonly out: string | undefined;
  readonly ssh: boolean;
  readonly json?: boolean;
};
export type RenewOptions = {
  readonly config: string;
  readonly json: boolean;
  readonly expires: string;
  /** How long the token before still opens; `0`: it ends at once. */
  readonly overlap: string;
  readonly out: string;
};
type Options = { readonly config: string; readonly json: boolean };

const DEFAULT_EXPIRES = "90d";

const clientOf = (config: string): MintClient => new MintClient(loadConfig(config).listen.mint);

/** Writes the token, 0600, to a new file: it is never shown. @returns text for the terminal */
export async function addClient(name: string, options: NewClientOptions): Promise<string> {
  const { config, role, quota, ssh, expires, out, json } = options;
  if (ssh === (out !== undefined)) {
    const fix = "--out FILE makes a token for https, --ssh a client for a forced command";
    throw new HostError("usage", "expected --out or --ssh, one of the two", fix, EXIT.usage);
  }
  const file = out === undefined ? undefined : resolve(out);
  if (file !== undefined) refuseUnwritable(file, "nothing is overwritten");
  const end = expires ?? (ssh ? undefined : DEFAULT_EXPIRES);
  const stacks = stacksOf(options);
  const request = {
    name,
    role,
    stacks,
    quotaPerHour: quota === undefined ? null : wholeNumber(quota),
    expiresInSeconds: end === undefined ? null : secondsOf(end),
    by: ssh ? "ssh" : "token",
  };
  const body = typed(newClientSchema, request, {
    name: { typed: `client add ${name}`, example: "client add ci" },
    role: { typed: `--role ${role}`, example: "--role read" },
    stacks: { typed: stacks.map((one) => `--stacks ${one}`), example: "--stacks 'acme/**' --stacks acme/web/prod" },
    quotaPerHour: { typed: `--quota ${quota}`, example: "--quota 100 (without it there is no limit)" },
    expiresInSeconds: { typed: `--expires ${end}`, expected: EXPECTED_TIME, example: "--expires 90d" },
  });
  const answer = await clientOf(config).post("/v1/clients", body, newClientAnswerSchema);
  const until = answer.expiresAt === null ? "until it is revoked" : `until ${iso(answer.expiresAt)}`;
  const { id, pins, addresses, expiresAt } = answer;
  const shown = `${JSON.stringify({ schema: 1, id, name, role, stacks, expiresAt, file: file ?? null, pins, addresses })}\n`;
  if ((file === undefined || answer.token === null) && json === true) return shown;
  if (file === undefined || answer.token === null) return `${name}: ${role}, ${until}\n${sshLines(name, config)}`;
  const content = Buffer.from(`${answer.token}\n`);
  let made = false;
  try {
    made = createOnce(file, content);
  } finally {
    content.fill(0);
    // A token that nobody has is nobody's client.
    if (!made) await clientOf(config).post(`/v1/clients/${name}/revoke`, {}, z.unknown());
  }
  if (!made) throw exists(file);
  if (json === true) return shown;
  return `${file}: token of ${name}: ${role}, ${until}\n${httpsLines(loadConfig(config).listen.mintHttps, file, answer)}`;
}

/** Another token for a client that has one; the one before opens for a while longer. @returns text for the terminal */
export async function renewClient(wanted: string, options: RenewOptions): Promise<string> {
  const { config, expires, overlap, out, json } = options;
  const file = resolve(out);
  refuseUnwritable(file, "nothing is overwritten");
  const request = { expiresInSeconds: secondsOf(expires), overlapSeconds: overlap === "0" ? 0 : secondsOf(overlap) };
  const body = typed(renewalSchema, request, {
    expiresInSeconds: { typed: `--expires ${expires}`, expected: EXPECTED_TIME, example: "--expires 90d" },
    overlapSeconds: { typed: `--overlap ${overlap}`, expected: "expected 0, or 1m to 30d", example: "--overlap 24h" },
  });
  const name = await nameOf(wanted, config);
  const path = `/v1/clients/${encodeURIComponent(name)}/renew`;
  const answer = await clientOf(config).post(path, body, newClientAnswerSchema);
  const content = Buffer.from(`${answer.token}\n`);
  try {
    if (!createOnce(file, content)) throw exists(file);
  } catch (cause) {
    const open = overlap === "0" ? `no token of ${name} opens now` : "the token before still opens";
    const fix = `${open}: run it again with an --out that can be written`;
    throw new HostError("io", `${file} was not written: ${messageOf(cause)}`, fix, EXIT.cantCreate, { cause });
  } finally {
    content.fill(0);
  }
  const { id, expiresAt, earlierUntil, pins, addresses } = answer;
  if (json) return `${JSON.stringify({ schema: 1, id, name, expiresAt, earlierUntil, file, pins, addresses })}\n`;
  const before = overlap === "0" ? "ended now" : `opens until ${iso(earlierUntil ?? 0)}`;
  return (
    `${file}: new token of ${name}, until ${iso(expiresAt ?? 0)}; the one before ${before}\n` +
    httpsLines(loadConfig(config).listen.mintHttps, file, answer)
  );
}

export async function listClients({ config, json }: Options): Promise<string> {
  const answer = await clientOf(config).get("/v1/clients", clientsAnswerSchema);
  if (json) return `${JSON.stringify(answer)}\n`;
  if (answer.clients.length === 0) {
    const option = configOption(config);
    return `no client was ever made: bootseed-host client add NAME --stacks 'ORG/**' --out FILE${option}\n`;
  }
  return answer.clients.map((client) => `${line(client)}\n`).join("");
}

/** Its next request is refused; seeds that it made stay. */
export async function revokeClient(wanted: string, { config, json }: Options): Promise<string> {
  const name = await nameOf(wanted, config);
  await clientOf(config).post(`/v1/clients/${encodeURIComponent(name)}/revoke`, {}, z.unknown());
  return json ? `${JSON.stringify({ schema: 1, name, revoked: true })}\n` : `${name} may ask for nothing more\n`;
}

/** @param wanted a name or an id @returns what the service is to be asked for */
async function nameOf(wanted: string, config: string): Promise<string> {
  const { clients } = await clientOf(config).get("/v1/clients", clientsAnswerSchema);
  // An id may be another one's name: the name goes first.
  const live = clients.filter(({ revokedAt }) => revokedAt === null);
  const found = live.find((one) => one.name === wanted) ?? live.find(({ id }) => id === wanted);
  return found?.name ?? wanted;
}

function stacksOf({ role, stacks }: NewClientOptions): readonly string[] {
  if (stacks !== undefined) return stacks;
  if (role === "admin") return ["**"];
  const fix = "name them: --stacks 'acme/**', --stacks 'acme/web/prod'";
  throw new HostError("usage", "expected the stacks that this client may touch", fix, EXIT.usage);
}

function line({ name, id, by, role, stacks, quotaPerHour, seedsThisHour, ...ends }: ClientView): string {
  const { expiresAt, revokedAt, earlierUntil } = ends;
  const quota = quotaPerHour === null ? `${seedsThisHour} seeds` : `${seedsThisHour} of ${quotaPerHour} seeds`;
  const until = expiresAt === null ? "no end" : `until ${iso(expiresAt)}`;
  const earlier = earlierUntil === null ? "" : `, the token before until ${iso(earlierUntil)}`;
  const end = revokedAt === null ? `${until}${earlier}` : `REVOKED ${iso(revokedAt)}`;
  return `${name} (${id}) by ${by}: ${role} of ${stacks.join(", ")}, ${quota} this hour, ${end}`;
}

/** Of `listen.mintHttps`, where the config has none yet. */
const USUAL = "0.0.0.0:7445";

function httpsLines(
  listen: string | undefined,
  file: string,
  { pins, addresses }: Pick<NewClientAnswer, "pins" | "addresses">,
): string {
  if (listen === undefined) {
    const warning = `listen.mintHttps is not set in the config: set it (${USUAL}) and restart, or no program can use the token\n`;
    return `${warning}${httpsLines(USUAL, file, { pins, addresses })}`;
  }
  const { host } = splitAddress(addresses[0] ?? "HOST:0");
  const at = `${host.includes(":") ? `[${host}]` : host}:${splitAddress(listen).port}`;
  const pin = pins.map((each) => `sha256=${each}`).join("&");
  return (
    `In a Pulumi stack:  pulumi config set bootseed:host 'https://${at}#${pin}'\n` +
    `                    pulumi config set --secret bootseed:token < ${file}\n` +
    `Elsewhere:          export BOOTSEED_HOST='https://${at}#${pin}' BOOTSEED_TOKEN_FILE=${file}\n`
  );
}

function sshLines(name: string, config: string): string {
  return (
    "In authorized_keys of a user in the group bootseed-mint, one line before the public key:\n" +
    `  restrict,command="bootseed-host mint-stdio --client ${name}${configOption(config)}" ssh-ed25519 AAAA…\n` +
    "In a Pulumi stack:  pulumi config set bootseed:host ssh://USER@HOST\n"
  );
}

const exists = (file: string): HostError =>
  new HostError("io", `${file} exists already`, "choose another --out: nothing is overwritten", EXIT.cantCreate);
