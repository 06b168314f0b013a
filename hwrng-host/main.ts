#!/usr/bin/env node
/** `bootseed-host`: the service next to the hardware random generators. Errors end in one sentence and a sysexits code. */
import manifest from "./package.json" with { type: "json" };
import { BootseedError } from "@bootseed/protocol";
import { Command, CommanderError } from "commander";
import type { InitOptions } from "./commands/init.ts";
import { mint, type MintOptions } from "./commands/mint.ts";
import { push, type PushOptions } from "./commands/push.ts";
import { serve } from "./commands/serve.ts";
import { status, type StatusOptions } from "./commands/status.ts";
import { EXIT, HostError } from "./host-error.ts";

const program = new Command("bootseed-host")
  .description("Seeds for virtual machines, from the hardware random generators of this one.")
  .version(manifest.version)
  .exitOverride()
  .showHelpAfterError("(bootseed-host --help shows every option)");

const DEFAULT_CONFIG = "/etc/bootseed/host.yaml";

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
  .description("run the service until SIGTERM")
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
  .command("status")
  .description("say what the running service can do now; exit 69 when it mints nothing")
  .option("--config <file>", "config file", DEFAULT_CONFIG)
  .option("--json", "as JSON", false)
  .action(async (options: StatusOptions) => {
    const { text, healthy } = await status(options);
    process.stdout.write(text);
    if (!healthy) process.exitCode = EXIT.unavailable;
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
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
