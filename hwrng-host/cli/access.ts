/** Commands that let others in: `join-token`, `client`, and what sshd runs for one. */
import type { Command } from "commander";
import {
  addClient,
  listClients,
  type NewClientOptions,
  renewClient,
  type RenewOptions,
  revokeClient,
} from "../commands/client.ts";
import { addToken, listTokens, type NewTokenOptions, revokeToken } from "../commands/join-token.ts";
import { mintStdio, type MintStdioOptions } from "../commands/mint-stdio.ts";
import { DEFAULT_CONFIG } from "../config/load.ts";
import { collect, type Terminal } from "./terminal.ts";

export function addAccess(program: Command, { out }: Terminal): void {
  const joinToken = program.command("join-token").description("let machines join that were created without a seed");
  joinToken
    .command("add")
    .description("make a token; the file is its only copy")
    .requiredOption("--out <file>", "where to write it, 0600; never overwritten")
    .requiredOption("--name <name>", "what the machine is called; for several, a pattern with one *: 'worker-*'")
    .option("--uses <n>", "how many machines may join with it", "1")
    .option("--expires <time>", "90m, 24h, 7d", "24h")
    .option("--stack <stack>", "org/project/stack that the machines are of (default local/join/default)")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: NewTokenOptions) => {
      out(await addToken(options));
    });
  joinToken
    .command("ls")
    .description("every token, used and not")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: { config: string; json: boolean }) => {
      out(await listTokens(options));
    });
  joinToken
    .command("revoke <token>")
    .description("end a token, by id or name; machines that joined with it stay")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (id: string, options: { config: string; json: boolean }) => {
      out(await revokeToken(id, options));
    });

  const client = program.command("client").description("let programs on other machines mint (docs/operations.md)");
  client
    .command("add <name>")
    .description("make a client: a token for https, or one that logs in by ssh")
    .option("--role <role>", "mint, read or admin", "mint")
    .option("--stacks <glob>", "org/project/stack, * is a whole segment; may be given several times", collect)
    .option("--quota <n>", "seeds per hour (default: no limit)")
    .option("--expires <time>", "90m, 24h, 90d (default 90d; with --ssh: no end)")
    .option("--out <file>", "where to write the token, 0600; never overwritten")
    .option("--ssh", "no token: its ssh key runs `bootseed-host mint-stdio --client NAME`", false)
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (name: string, options: NewClientOptions) => {
      out(await addClient(name, options));
    });
  client
    .command("renew <client>")
    .description("another token for a client, by name or id; the one before opens for a while longer")
    .requiredOption("--out <file>", "where to write the token, 0600; never overwritten")
    .option("--expires <time>", "end of the new token: 90m, 24h, 90d", "90d")
    .option("--overlap <time>", "how long the token before still opens: 1h, 7d; 0 ends it at once", "24h")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (name: string, options: RenewOptions) => {
      out(await renewClient(name, options));
    });
  client
    .command("ls")
    .description("every client, revoked ones too, and the seeds of this hour")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: { config: string; json: boolean }) => {
      out(await listClients(options));
    });
  client
    .command("revoke <client>")
    .description("end a client at once, by name or id; its seeds stay")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (name: string, options: { config: string; json: boolean }) => {
      out(await revokeClient(name, options));
    });

  program
    .command("mint-stdio")
    .description("the mint API on standard input and output: sshd's forced command")
    .option("--client <name>", "whose role, stacks and quota apply (default: everything is permitted)")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .action(async (options: MintStdioOptions) => mintStdio(options, process.stdin, process.stdout));
}
