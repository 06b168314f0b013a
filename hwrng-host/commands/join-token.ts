/** `bootseed-host join-token`: lets machines that were created without a seed join. */
import { currentOf, hostKeyWord, isLive, vmsAnswerSchema } from "@bootseed/protocol";
import { z } from "zod";
import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError } from "../host-error.ts";
import { createOnce, refuseUnwritable } from "../identity/files.ts";
import { MintClient } from "../mint/client.ts";
import { newTokenAnswerSchema, newTokenSchema, tokensAnswerSchema, JOIN_STACK } from "../mint/join-tokens.ts";
import { configOption } from "./follow-up.ts";
import { typed, wholeNumber } from "./typed.ts";

const UNITS = { m: 60, h: 3600, d: 86_400 } as const;
const ID = /^[0-9a-f]{32}$/;

export type NewTokenOptions = {
  readonly config: string;
  readonly name: string;
  readonly uses: string;
  readonly expires: string;
  /** `org/project/stack` of the machines; absent: local/join/default. */
  readonly stack?: string | undefined;
  readonly out: string;
  readonly json?: boolean;
};
type Options = { readonly config: string; readonly json: boolean };

const clientOf = (config: string): MintClient => new MintClient(loadConfig(config).listen.mint);
export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** Writes the token, 0600, to a new file: it is never shown. @returns text for the terminal */
export async function addToken({ config, name, uses, expires, stack, out, json }: NewTokenOptions): Promise<string> {
  const request = { name, uses: wholeNumber(uses), expiresInSeconds: secondsOf(expires), stack };
  const body = typed(newTokenSchema, request, {
    name: { typed: `--name ${name}`, example: uses === "1" ? "--name db-1" : "--name 'worker-*'" },
    uses: { typed: `--uses ${uses}`, example: "--uses 20" },
    expiresInSeconds: { typed: `--expires ${expires}`, expected: EXPECTED_TIME, example: "--expires 24h" },
    stack: { typed: `--stack ${stack}`, example: `--stack acme/web/prod (without it: ${JOIN_STACK})` },
  });
  const file = resolve(out);
  refuseUnwritable(file, "nothing is overwritten");
  const taken = await holdersOf(config, name);
  const answer = await clientOf(config).post("/v1/join-tokens", body, newTokenAnswerSchema);
  const content = Buffer.from(`${answer.token}\n`);
  try {
    if (!createOnce(file, content)) {
      const fix = "choose another --out: nothing is overwritten";
      throw new HostError("io", `${file} exists already`, fix, EXIT.cantCreate);
    }
  } catch (error) {
    // Nobody has it, and nobody shall wonder who does.
    await clientOf(config).post(`/v1/join-tokens/${answer.id}/revoke`, {}, z.unknown());
    throw error;
  } finally {
    content.fill(0);
  }
  if (json === true) {
    const { id, expiresAt } = answer;
    return `${JSON.stringify({ schema: 1, id, name, uses: body.uses, stack: body.stack, expiresAt, file })}\n`;
  }
  const machines = uses === "1" ? `one machine, named ${name}` : `${uses} machines, named ${name}`;
  return (
    `${file}: token ${answer.id} for ${machines}, until ${iso(answer.expiresAt)}, in the stack ${body.stack}\n` +
    `On the machine, with a copy that only root may read:  bootseed-agent join --token-file FILE\n${taken}`
  );
}

/** Of a machine that was installed again: `bootseed known-hosts` prints no key while two live VMs have one name. */
async function holdersOf(config: string, name: string): Promise<string> {
  const { vms } = await clientOf(config).get("/v1/vms", vmsAnswerSchema);
  const live = currentOf(vms).filter((vm) => isLive(vm) && hostKeyWord(vm.name) === hostKeyWord(name));
  const revoke = configOption(config);
  return live
    .map(({ seedId }) => `${name} is live already: when it is gone, bootseed-host revoke ${seedId}${revoke}\n`)
    .join("");
}

export async function listTokens({ config, json }: Options): Promise<string> {
  const answer = await clientOf(config).get("/v1/join-tokens", tokensAnswerSchema);
  if (json) return `${JSON.stringify(answer)}\n`;
  if (answer.tokens.length === 0)
    return `no join token was ever made: bootseed-host join-token add --name NAME --out FILE${configOption(config)}\n`;
  const rows = answer.tokens.map(({ id, name, names, stack, used, uses, expiresAt, revokedAt }) => {
    const allowed = names === null ? `${name} (made by version 0.3: allows no name; make another)` : names;
    const end = revokedAt === null ? `until ${iso(expiresAt)}` : `REVOKED ${iso(revokedAt)}`;
    return `${id} ${allowed}: ${used} of ${uses} used, ${end}, stack ${stack}\n`;
  });
  return rows.join("");
}

/** Machines that joined with it stay enrolled. */
export async function revokeToken(wanted: string, { config, json }: Options): Promise<string> {
  const id = ID.test(wanted) ? wanted : await idOf(wanted, config);
  await clientOf(config).post(`/v1/join-tokens/${id}/revoke`, {}, z.unknown());
  return json ? `${JSON.stringify({ schema: 1, id, revoked: true })}\n` : `token ${id} is revoked\n`;
}

/** Of a token that is neither revoked nor over. @throws HostError "usage", "conflict" */
async function idOf(name: string, config: string): Promise<string> {
  // Who types the token itself must not find it in a log.
  const shown = /^[0-9a-f]{1,64}$/.test(name) ? name : `… (${name.length} characters)`;
  const { tokens } = await clientOf(config).get("/v1/join-tokens", tokensAnswerSchema);
  const now = Date.now() / 1000;
  const found = tokens.filter((one) => one.name === name && one.revokedAt === null && one.expiresAt > now);
  const [token] = found;
  if (token !== undefined && found.length === 1) return token.id;
  const fix =
    "type it like this: join-token revoke ad61d093bbfa211957566ffec1c34b7d (`bootseed-host join-token ls` shows ids and names)";
  if (token === undefined)
    throw new HostError("usage", `join-token revoke ${shown}: expected the id or the name of a token`, fix, EXIT.usage);
  const ids = found.map((one) => one.id).join(", ");
  throw new HostError("conflict", `${found.length} tokens are for ${name}: ${ids}`, fix, EXIT.usage);
}

/** What {@link secondsOf} reads and the service takes. */
export const EXPECTED_TIME = "expected a time from 1m to 366d, in m, h or d";

/** @param text `90m`, `24h`, `7d` @returns NaN, for a schema to refuse, where it is no such thing */
export function secondsOf(text: string): number {
  const [, number = "", unit = ""] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  return number === "" ? Number.NaN : Number(number) * UNITS[unit as keyof typeof UNITS];
}
