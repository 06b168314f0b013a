#!/usr/bin/env node
/** `bootseed`: seeds for machines, and what a mint knows of them. Data to stdout, talk to stderr, exit codes by sysexits. */
import manifest from "../package.json" with { type: "json" };
import { Command, CommanderError } from "commander";
import { addInject, addUserData } from "./seed-commands.ts";
import { EX_USAGE, exitCodeOf } from "./sysexits.ts";
import { say, type Terminal } from "./terminal.ts";
import { addKnownHosts, addSync, addVm, addWait } from "./vm-commands.ts";

const EXAMPLES = `
Examples:
  $ bootseed vm ls
  $ bootseed vm ls --json --host ssh://mint@host.example.net
  $ bootseed vm show web-7
  $ bootseed wait --stack acme/web/prod --timeout 3m
  $ bootseed known-hosts >> ~/.ssh/known_hosts
  $ ssh -o KnownHostsCommand="$(command -v bootseed) known-hosts %H" -o StrictHostKeyChecking=yes root@192.0.2.7
  $ bootseed sync --stack acme/web/prod
  $ bootseed userdata --template web.yaml --name web-7 --out web-7.userdata
  $ bootseed inject --disk image.qcow2

Every command: --host URL (else BOOTSEED_HOST, else the socket of this machine), --token-file FILE (else BOOTSEED_TOKEN_FILE).

Exit codes: 0 done, 64 wrong usage, 65 refused for what it is (image in use, too large, another certificate than the pin,
no proof of a first boot), 66 no such VM or file, 69 host unreachable, 74 input or output, 75 not yet: try again, 76 answer not
understood, 77 not permitted (token, stack, role), 78 the token file holds no token.
`;

/** @returns the command, not yet run */
export function command(terminal: Terminal): Command {
  const program = new Command("bootseed")
    .version(manifest.version)
    .description("Seeds for machines, and what a bootseed host knows of them")
    .addHelpText("afterAll", EXAMPLES)
    .exitOverride()
    .showHelpAfterError("(bootseed --help shows the commands)");
  for (const add of [addVm, addWait, addKnownHosts, addSync, addUserData, addInject]) add(program, terminal);
  return program;
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal: Terminal = { env: process.env, stdoutIsTty: process.stdout.isTTY, exitCode: 0 };
  try {
    await command(terminal).parseAsync([...argv], { from: "user" });
    return terminal.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
    say(error instanceof Error ? error.message : String(error));
    return exitCodeOf(error);
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
