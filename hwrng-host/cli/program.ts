/** The commands of `bootseed-host`, and what each is given; what they do is in commands/. */
import manifest from "../package.json" with { type: "json" };
import { Command, Help } from "commander";
import type { BackupOptions } from "../commands/backup.ts";
import type { InitOptions } from "../commands/init.ts";
import { mint, type MintOptions } from "../commands/mint.ts";
import { movedHere } from "../commands/moved-here.ts";
import { push, type PushOptions } from "../commands/push.ts";
import { reload } from "../commands/reload.ts";
import type { RestoreOptions } from "../commands/restore.ts";
import { revokeVm } from "../commands/revoke-vm.ts";
import { serve } from "../commands/serve.ts";
import type { StatementOptions } from "../commands/statement.ts";
import { status, type StatusOptions } from "../commands/status.ts";
import { DEFAULT_CONFIG } from "../config/load.ts";
import { EXIT } from "../host-error.ts";
import { addCompletion } from "../../seeder/cli/completion.ts";
import { addAccess } from "./access.ts";
import { collect, type Terminal } from "./terminal.ts";

/** @returns the program; it throws, and never ends the process */
export function hostProgram(terminal: Terminal): Command {
  const { out } = terminal;
  const program = new Command("bootseed-host")
    .description("Seeds for virtual machines, from the hardware random generators of this one.")
    .version(manifest.version)
    .configureOutput({ writeOut: out, writeErr: terminal.err })
    .configureHelp({
      optionDescription: (option) =>
        `${option.mandatory ? "(required) " : ""}${Help.prototype.optionDescription.call(new Help(), option)}`,
    })
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
    .option("--json", "as JSON", false)
    .action(async (options: InitOptions) => {
      // Loaded here only: the certificate library would stay in the service's memory for ever.
      const { init } = await import("../commands/init.ts");
      out(await init(options));
    });

  program
    .command("serve")
    .description("run the service until SIGTERM; with listen.mintHttps in its config for programs elsewhere too")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .action(async (options: { config: string }) => serve(options.config));

  program
    .command("moved-here")
    .description("the state folder is served on this machine from now on: after it was copied or moved by hand")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action((options: { config: string; json: boolean }) => {
      out(movedHere(options));
    });

  program
    .command("reload")
    .description("the running service reads statement, keys, certificate, and the config's addresses again")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: { config: string; json: boolean }) => {
      out(await reload(options));
    });

  program
    .command("mint")
    .description("make one seed file by hand, through the running service")
    .requiredOption("--name <name>", "name of the VM, for lists")
    .requiredOption("--out <file>", "where to write the seed; never overwritten")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: MintOptions) => {
      out(await mint(options));
    });

  program
    .command("push")
    .description("list the VMs that the service dials, or set where one is dialled (tcp push)")
    .argument("[vm]", "name, seedId or instance-id")
    .argument("[address]", "host:port, the port as in push.port")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--off", "no longer dial this VM", false)
    .option("--json", "as JSON", false)
    .action(async (vm: string | undefined, address: string | undefined, options: PushOptions) => {
      out(await push(vm, address, options));
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
    .option("--without-backup", "with --use-root: although no backup has the new root's key")
    .option("--root-key <file>", "the present root's key file, if it is offline")
    .option("--serial-above <n>", "sign above the statement that VMs hold already")
    .option("--revoke <serial>", "certificates that name this statement bring no VM back")
    .option("--list", "every statement that was signed", false)
    .option("--behind", "VMs that may still know only an old address: not yet seen with the newest statement", false)
    .option("--json", "as JSON", false)
    .action(async (options: StatementOptions) => {
      const { statement } = await import("../commands/statement.ts");
      out(await statement(options));
    });

  addAccess(program, terminal);
  program
    .command("revoke <vm>")
    .description("stop sending packets to a VM, by name, seedId or instance-id")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (vm: string, options: { config: string; json: boolean }) => {
      out(await revokeVm(vm, options));
    });

  program
    .command("backup")
    .description("everything this host is, in one file encrypted to the operator's key (age)")
    .requiredOption("--recipient <age1...>", "who may open it; may be given several times", collect)
    .requiredOption("--out <file>", "where to write it; never overwritten")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: BackupOptions) => {
      const { backup } = await import("../commands/backup.ts");
      out(await backup(options, Math.floor(Date.now() / 1000)));
    });

  program
    .command("restore")
    .description("a host from its backup, into an empty state folder; VMs come back by themselves")
    .requiredOption("--identity <file>", "the operator's key, as age-keygen wrote it")
    .requiredOption("--in <file>", "the backup")
    .option("--check", "only prove that the backup brings a host back, and print what is in it; writes nothing")
    .option("--state-dir <folder>", "restore into this folder (default: stateDir of the config)")
    .option("--config <file>", "config file; written from the backup when it is not there", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: RestoreOptions) => {
      const { restore } = await import("../commands/restore.ts");
      out(await restore(options));
    });

  program
    .command("status")
    .description("say what the running service can do now; exit 69 when it mints nothing")
    .option("--config <file>", "config file", DEFAULT_CONFIG)
    .option("--json", "as JSON", false)
    .action(async (options: StatusOptions) => {
      const { text, healthy } = await status(options);
      out(text);
      if (!healthy) terminal.exit(EXIT.unavailable);
    });
  addCompletion(program, out);
  return program;
}
