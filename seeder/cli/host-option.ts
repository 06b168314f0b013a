/** Which mint a command asks, and with what: the same two options on every command. */
import type { Command } from "commander";
import { MintClient } from "../mint-client/client.ts";
import { credentialsFrom } from "../mint-client/credentials.ts";
import { DEFAULT_HOST } from "../mint-client/endpoint.ts";
import { mintTransport } from "../mint-client/transport.ts";

export interface HostOption {
  host: string;
  tokenFile?: string;
}

/** Adds `--host` and `--token-file`; their defaults are BOOTSEED_HOST and BOOTSEED_TOKEN_FILE. */
export function withHost(command: Command, env: Record<string, string | undefined>): Command {
  const { tokenFile } = credentialsFrom(env);
  return command
    .option(
      "--host <url>",
      "the mint: unix:///path, https://host:port#sha256=PIN or ssh://user@host",
      env["BOOTSEED_HOST"] || DEFAULT_HOST,
    )
    .option("--token-file <file>", "for https: a file (0600) that holds the token", tokenFile);
}

/** @throws BootseedError "usage" for another kind of URL */
export const mintOf = ({ host, tokenFile }: HostOption): MintClient =>
  new MintClient(mintTransport(host, tokenFile === undefined ? {} : { tokenFile }));
