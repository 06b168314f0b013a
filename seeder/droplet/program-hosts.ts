/** Which hosts a program means: those that it names, or the stack's configuration, or the environment, in this order. */
import { BootseedError } from "@bootseed/protocol";
import * as pulumi from "@pulumi/pulumi";
import { type SeedHosts, seedHosts, type SeedHostsInput } from "../mint-client/seed-hosts.ts";
import type { SeedSource } from "./seed-source.ts";

/** What is around a program. */
export interface Surroundings {
  /** The text of `bootseed:KEY` in the stack's configuration. */
  config: (key: string) => string | undefined;
  /** Whether `bootseed:KEY` was set with `--secret`. */
  isSecret: (key: string) => boolean;
  env: Readonly<Record<string, string | undefined>>;
}

/** Not in the SDK's types (3.270). Without it nothing can be told, and nothing is refused. */
const sdk = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };

/** @returns those of the program that runs now */
export function programSurroundings(): Surroundings {
  const config = new pulumi.Config("bootseed");
  return {
    config: (key) => config.get(key),
    isSecret: (key) => sdk.isConfigSecret?.(`bootseed:${key}`) ?? true,
    env: process.env,
  };
}

type Input = SeedHostsInput<pulumi.Input<string>>;

function configuredHosts(text: string): Input["hosts"] {
  try {
    return JSON.parse(text) as Input["hosts"];
  } catch {
    // The parser's own message may quote the text, and a token may be in it.
    throw new BootseedError(
      "usage",
      `expected bootseed:hosts to be JSON: '["unix:///run/a.sock","unix:///run/b.sock"]'`,
    );
  }
}

/**
 * @param source what the program says
 * @returns the hosts, and what opens them as far as it is written beside them
 * @throws BootseedError "usage" for hosts that cannot be, and for none
 */
export function programHosts(source: SeedSource, around: Surroundings): SeedHosts<pulumi.Input<string>> {
  const { host, hosts, minHosts } = source;
  if (host !== undefined || hosts !== undefined) return seedHosts({ host, hosts, minHosts });
  const { config, isSecret, env } = around;
  const [one, several, least] = [config("host"), config("hosts"), config("minHosts")];
  if (one === undefined && several === undefined)
    return seedHosts({ host: env["BOOTSEED_HOST"] || undefined, minHosts });
  const list = several === undefined ? undefined : configuredHosts(several);
  const from = seedHosts({
    host: one,
    hosts: list,
    minHosts: minHosts ?? (least === undefined ? least : Number(least)),
  });
  if ([...from.credentials.values()].some(({ token }) => token !== undefined) && !isSecret("hosts"))
    throw new BootseedError("usage", inClear("hosts"));
  return from;
}

/** A token in the stack's file is one commit away from everybody. */
export const inClear = (key: string): string =>
  `a token lies in clear in the stack's configuration: revoke it, then pulumi config set --secret bootseed:${key}`;
