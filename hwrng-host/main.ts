#!/usr/bin/env node
/** `bootseed-host`: the service next to the hardware random generators. Errors end in one sentence and a sysexits code. */
import manifest from "./package.json" with { type: "json" };
import { BootseedError } from "@bootseed/protocol";
import { Command, CommanderError } from "commander";
import type { BackupOptions } from "./commands/backup.ts";
import { helpText } from "./commands/help.ts";
import type { InitOptions } from "./commands/init.ts";
import { addToken, listTokens, type NewTokenOptions, revokeToken } from "./commands/join-token.ts";
import { addClient, listClients, type NewClientOptions, revokeClient } from "./commands/client.ts";
import { DEFAULT_CONFIG } from "./config/load.ts";
import { mint, type MintOptions } from "./commands/mint.ts";
import { mintStdio, type MintStdioOptions } from "./commands/mint-stdio.ts";
import { push, type PushOptions } from "./commands/push.ts";
import { revokeVm } from "./commands/revoke-vm.ts";
import type { RestoreOptions } from "./commands/restore.ts";
import { serve } from "./commands/serve.ts";
import type { StatementOptions } from "./commands/statement.ts";
import { status, type StatusOptions } from "./commands/status.ts";
import { EXIT, HostError } from "./host-error.ts";
import { keepMemoryOutOfCores } from "./no-core.ts";

keepMemoryOutOfCores();

const program = new Command("bootseed-host")
  .description("Seeds for virtual machines, from the hardware random generators of this one.")
  .version(manifest.version)
  .exitOverride()
  .showHelpAfterError("(bootseed-host --help shows every option)");

program
  .command("init")
  .description("write config and keys; keeps everything that is there")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--state-dir <folder>", "keys and database (default /var/lib/bootseed-host)")
  .option("--guests <address:port>", "where VMs connect (default 127.0.0.1:7443)")
  .option("--mint <socket>", "where programs mint (default /run/bootseed/mint.sock)")
  .option("--advertise <host:port...>", "what VMs dial, at most 4 (default: --guests)")
  .option("--allow-chained", "accept somebody else's generator (virtio, system): see docs/security.md")
  .action(async (options: InitOptions) => {
    // Loaded here only: the certificate library would stay in the service's memory for ever.
    const { init } = await import("./commands/init.ts");
    process.stdout.write(await init(options));
  });

program
  .command("serve")
  .description("run the service until SIGTERM; with listen.mintHttps in its config for programs elsewhere too")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .action(async (options: { config: string }) => serve(options.config));

program
  .command("mint")
  .description("make one seed file by hand, through the running service")
  .requiredOption("--name <name>", "name of the VM, for lists")
  .requiredOption("--out <file>", "where to write the seed; never overwritten")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .action(async (options: MintOptions) => {
    process.stdout.write(await mint(options));
  });

program
  .command("push")
  .description("list the VMs that the service dials, or set where one is dialled (tcp push)")
  .argument("[vm]", "name or seedId")
  .argument("[address]", "host:port, the port as in push.port")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--off", "no longer dial this VM", false)
  .option("--json", "as JSON", false)
  .action(async (vm: string | undefined, address: string | undefined, options: PushOptions) => {
    process.stdout.write(await push(vm, address, options));
  });

program
  .command("statement")
  .description("show what this host says about itself; rotate keys, certificate and root (docs/operations.md)")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--sign", "sign the config's addresses and interval", false)
  .option("--dry-run", "say what would be signed and what follows; write nothing", false)
  .option("--new-packet-key", "sign packets with a new key", false)
  .option("--new-certificate", "make the next certificate and publish its pin", false)
  .option("--use-certificate", "use the next certificate; 24 h after its pin was published", false)
  .option("--now", "with --use-certificate: do not wait", false)
  .option("--next-root <file>", 'announce the root that follows: its public key in PEM, or "new"')
  .option("--use-root [file]", "the announced root signs from now on; its key file, if it is not in the state folder")
  .option("--root-key <file>", "the present root's key file, if it is offline")
  .option("--serial-above <n>", "sign above the statement that VMs hold already")
  .option("--revoke <serial>", "certificates that name this statement bring no VM back")
  .option("--list", "every statement that was signed", false)
  .option("--json", "as JSON", false)
  .action(async (options: StatementOptions) => {
    const { statement } = await import("./commands/statement.ts");
    process.stdout.write(await statement(options));
  });

const joinToken = program.command("join-token").description("let machines join that were created without a seed");
joinToken
  .command("add")
  .description("make a token; the file is its only copy")
  .requiredOption("--out <file>", "where to write it, 0600; never overwritten")
  .option("--name <name>", "for lists", "join")
  .option("--uses <n>", "how many machines may join with it", "1")
  .option("--expires <time>", "90m, 24h, 7d", "24h")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .action(async (options: NewTokenOptions) => {
    process.stdout.write(await addToken(options));
  });
joinToken
  .command("ls")
  .description("every token, used and not")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: { config: string; json: boolean }) => {
    process.stdout.write(await listTokens(options));
  });
joinToken
  .command("revoke <id>")
  .description("end a token; machines that joined with it stay")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (id: string, options: { config: string; json: boolean }) => {
    process.stdout.write(await revokeToken(id, options));
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
  .action(async (name: string, options: NewClientOptions) => {
    process.stdout.write(await addClient(name, options));
  });
client
  .command("ls")
  .description("every client, revoked ones too, and the seeds of this hour")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: { config: string; json: boolean }) => {
    process.stdout.write(await listClients(options));
  });
client
  .command("revoke <name>")
  .description("end a client at once; its seeds stay")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (name: string, options: { config: string; json: boolean }) => {
    process.stdout.write(await revokeClient(name, options));
  });

program
  .command("mint-stdio")
  .description("the mint API on standard input and output: sshd's forced command")
  .option("--client <name>", "whose role, stacks and quota apply (default: everything is permitted)")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .action(async (options: MintStdioOptions) => mintStdio(options, process.stdin, process.stdout));

program
  .command("revoke <vm>")
  .description("give a VM nothing more, by name or seedId")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (vm: string, options: { config: string; json: boolean }) => {
    process.stdout.write(await revokeVm(vm, options));
  });

program
  .command("backup")
  .description("everything this host is, in one file encrypted to the operator's key (age)")
  .requiredOption("--recipient <age1...>", "who may open it; may be given several times", collect)
  .requiredOption("--out <file>", "where to write it; never overwritten")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: BackupOptions) => {
    const { backup } = await import("./commands/backup.ts");
    process.stdout.write(await backup(options, Math.floor(Date.now() / 1000)));
  });

program
  .command("restore")
  .description("a host from its backup, into an empty state folder; VMs come back by themselves")
  .requiredOption("--identity <file>", "the operator's key, as age-keygen wrote it")
  .requiredOption("--in <file>", "the backup")
  .option("--config <file>", "config file; written from the backup when it is not there", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: RestoreOptions) => {
    const { restore } = await import("./commands/restore.ts");
    process.stdout.write(await restore(options));
  });

program
  .command("status")
  .description("say what the running service can do now; exit 69 when it mints nothing")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: StatusOptions) => {
    const { text, healthy } = await status(options);
    process.stdout.write(text);
    if (!healthy) process.exitCode = EXIT.unavailable;
  });

for (const command of [program, ...program.commands, ...joinToken.commands, ...client.commands])
  command.addHelpText("after", helpText(command.name(), command.parent?.name()));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** An option that may be given several times. */
function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** One sentence per problem; a stack trace only for what nobody foresaw. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof HostError) {
    process.stderr.write(`bootseed-host: ${error.message}\n  to do: ${error.fix}\n`);
    return error.exit;
  }
  if (error instanceof BootseedError) {
    process.stderr.write(`bootseed-host: ${error.message}\n`);
    return EXIT.software;
  }
  process.stderr.write(`bootseed-host: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.software;
}
