/** Which hosts a droplet's seed comes from, as a program or a stack's configuration says it. */
import { BootseedError } from "@bootseed/protocol";
import { parseEndpoint } from "./endpoint.ts";

/** A seed file has at most 4 entries (protocol.md, Seed entry and seed file). */
const MAX_HOSTS = 4;

/** A host with what opens it, for https: `token` is a secret, or `tokenFile` names the file that holds it. */
export interface SeedHost<Token = string> {
  url: string;
  token?: Token | undefined;
  tokenFile?: string | undefined;
}

export interface SeedHostsInput<Token = unknown> {
  host?: string | undefined;
  hosts?: readonly (string | SeedHost<Token>)[] | undefined;
  minHosts?: number | undefined;
}

/** What a droplet is seeded from. */
export interface SeedHosts<Token = unknown> {
  /** 1 to 4 endpoints, each once. */
  hosts: readonly string[];
  /** How many of them must answer. */
  minHosts: number;
  /** What opens each endpoint that was written with a token or a token file. */
  credentials: ReadonlyMap<string, Pick<SeedHost<Token>, "token" | "tokenFile">>;
}

/**
 * @returns the hosts and how many of them must answer; by default all
 * @throws BootseedError "usage" when the two contradict each other
 * @example seedHosts({ hosts: ["unix:///run/a.sock", { url: "https://b:7445#sha256=…", tokenFile: "/run/b" }] })
 */
export function seedHosts<Token>({ host, hosts, minHosts }: SeedHostsInput<Token>): SeedHosts<Token> {
  const refuse = (message: string): never => {
    throw new BootseedError("usage", message);
  };
  if (host !== undefined && hosts !== undefined)
    return refuse("expected host or hosts, got both: name them all in hosts");
  const written = hosts ?? (host === undefined ? [] : [host]);
  if (!Array.isArray(written) || written.some((one) => typeof urlOf(one) !== "string"))
    return refuse('expected hosts to be a list of strings like "unix:///run/bootseed/mint.sock", or of { url, token }');
  if (written.length === 0)
    return refuse(
      "expected a host: unix:///run/bootseed/mint.sock, where bootseed-host listens, or https://… or ssh://…: " +
        "pulumi config set bootseed:host unix:///run/bootseed/mint.sock, or BOOTSEED_HOST",
    );
  if (written.length > MAX_HOSTS) return refuse(`expected at most ${MAX_HOSTS} hosts, got ${written.length}`);
  const all = written.map(urlOf);
  for (const one of all) parseEndpoint(one);
  const twice = all.find((one, i) => all.indexOf(one) !== i);
  if (twice !== undefined) return refuse(`${twice} is named twice: a host counts once`);
  const least = minHosts ?? all.length;
  if (!Number.isInteger(least) || least < 1 || least > all.length)
    return refuse(`expected minHosts from 1 to ${all.length}, the number of hosts, got ${least}`);
  const objects = written.filter((one) => typeof one !== "string");
  const credentials = new Map(objects.map(({ url, token, tokenFile }) => [url, { token, tokenFile }]));
  return { hosts: all, minHosts: least, credentials };
}

const urlOf = (host: string | SeedHost<unknown>): string => (typeof host === "string" ? host : host?.url);
