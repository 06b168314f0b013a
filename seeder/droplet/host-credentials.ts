/** What opens a host over https: a token of its own, or the one of the stack's configuration or of the environment. */
import type * as pulumi from "@pulumi/pulumi";
import { credentialsFrom, type MintCredentials } from "../mint-client/credentials.ts";
import { parseEndpoint } from "../mint-client/endpoint.ts";
import type { SeedHosts } from "../mint-client/seed-hosts.ts";
import { maybe } from "./outputs.ts";
import { inClear, type Surroundings } from "./program-hosts.ts";

/** Credentials, or why there are none; nothing is refused before a host is really to be asked. */
export type Opening = MintCredentials & { readonly problem?: string };

/** The token that is written nowhere beside a host. */
function sharedBy({ config, isSecret, env }: Surroundings): Opening {
  const token = config("token");
  if (token === undefined) return credentialsFrom(env);
  return isSecret("token") ? { token } : { problem: inClear("token") };
}

async function plainToken(token: pulumi.Input<string>): Promise<Opening> {
  const known = await maybe(token);
  if (known.known && typeof known.value === "string") return { token: known.value };
  return { problem: "its token is not a text that this run knows: pulumi config set --secret bootseed:token" };
}

/** Of one program. */
export class HostCredentials {
  readonly #around: Surroundings;
  /** The one host that may be shown the shared token. */
  #sharedFor: string | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** In the order of the program, before any host is asked: the first that can be meant has the shared token. */
  claim(from: SeedHosts<pulumi.Input<string>>): void {
    const without = from.hosts.filter((url) => {
      const { token, tokenFile } = from.credentials.get(url) ?? {};
      return parseEndpoint(url).kind === "https" && token === undefined && tokenFile === undefined;
    });
    const [only] = without;
    if (only !== undefined && without.length === 1) this.#sharedFor ??= parseEndpoint(only).shown;
  }

  /**
   * @param url one of `from.hosts`
   * @returns what opens it; a token is shown to no host but its own, since whoever sees it could mint there
   */
  async of(url: string, from: SeedHosts<pulumi.Input<string>>): Promise<Opening> {
    const { kind, shown } = parseEndpoint(url);
    if (kind !== "https") return {};
    const { token, tokenFile } = from.credentials.get(url) ?? {};
    if (token !== undefined) return { ...(await plainToken(token)), ...(tokenFile === undefined ? {} : { tokenFile }) };
    if (tokenFile !== undefined) return { tokenFile };
    const shared = sharedBy(this.#around);
    if (this.#sharedFor === shown || (shared.token === undefined && shared.tokenFile === undefined)) return shared;
    const alone = `bootseed:token and BOOTSEED_TOKEN_FILE are for ${this.#sharedFor ?? "one host"} alone`;
    return { problem: `${alone}: name its own in hosts: [{ url, token }]` };
  }
}
