/** `bootseed-host join-token`: lets machines that were created without a seed join. */
import { z } from "zod";
import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError } from "../host-error.ts";
import { createOnce } from "../identity/files.ts";
import { MintClient } from "../mint/client.ts";
import { newTokenAnswerSchema, tokensAnswerSchema } from "../mint/join-tokens.ts";

const UNITS = { m: 60, h: 3600, d: 86_400 } as const;

export type NewTokenOptions = {
  readonly config: string;
  readonly name: string;
  readonly uses: string;
  readonly expires: string;
  readonly out: string;
};
type Options = { readonly config: string; readonly json: boolean };

const clientOf = (config: string): MintClient => new MintClient(loadConfig(config).listen.mint);
export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** Writes the token, 0600, to a new file: it is never shown. @returns text for the terminal */
export async function addToken({ config, name, uses, expires, out }: NewTokenOptions): Promise<string> {
  const body = { name, uses: usesOf(uses), expiresInSeconds: secondsOf(expires) };
  const answer = await clientOf(config).post("/v1/join-tokens", body, newTokenAnswerSchema);
  const file = resolve(out);
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
  const machines = uses === "1" ? "one machine" : `${uses} machines`;
  return (
    `${file}: token ${answer.id} for ${machines}, until ${iso(answer.expiresAt)}\n` +
    `On the machine, with a copy that only root may read:  bootseed-agent join --token-file FILE\n`
  );
}

export async function listTokens({ config, json }: Options): Promise<string> {
  const answer = await clientOf(config).get("/v1/join-tokens", tokensAnswerSchema);
  if (json) return `${JSON.stringify(answer)}\n`;
  if (answer.tokens.length === 0) return "no join token was ever made: join-token add --out FILE\n";
  const rows = answer.tokens.map(({ id, name, used, uses, expiresAt, revokedAt }) => {
    const end = revokedAt === null ? `until ${iso(expiresAt)}` : `REVOKED ${iso(revokedAt)}`;
    return `${id} ${name}: ${used} of ${uses} used, ${end}\n`;
  });
  return rows.join("");
}

/** Machines that joined with it stay enrolled. */
export async function revokeToken(id: string, { config, json }: Options): Promise<string> {
  await clientOf(config).post(`/v1/join-tokens/${id}/revoke`, {}, z.unknown());
  return json ? `${JSON.stringify({ schema: 1, id, revoked: true })}\n` : `token ${id} is revoked\n`;
}

/** @throws HostError "usage" */
function usesOf(text: string): number {
  const uses = Number(text);
  if (Number.isInteger(uses) && uses >= 1 && uses <= 100_000) return uses;
  throw new HostError("usage", `expected 1 to 100000 machines, got ${text}`, "correct --uses", EXIT.usage);
}

/** `90m`, `24h`, `7d`. @throws HostError "usage" */
export function secondsOf(text: string): number {
  const [, number = "", unit = ""] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (number !== "") return Number(number) * UNITS[unit as keyof typeof UNITS];
  throw new HostError("usage", `expected a time like 90m, 24h or 7d, got ${text}`, "correct --expires", EXIT.usage);
}
