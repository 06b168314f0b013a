#!/usr/bin/env node
/** `bootseed`: seeds for machines, and what a mint knows of them. Data to stdout, talk to stderr, exit codes by sysexits. */
import manifest from "../package.json" with { type: "json" };
import { Command, CommanderError, Help } from "commander";
import { addCompletion } from "./completion.ts";
import { OVERVIEW } from "./help.ts";
import { addInject, addUserData } from "./seed-commands.ts";
import { EX_USAGE, exitCodeOf } from "./sysexits.ts";
import { print, say, type Terminal } from "./terminal.ts";
import { addKnownHosts, addSync, addVm, addWait } from "./vm-commands.ts";

/** @returns the command, not yet run */
export function command(terminal: Terminal): Command {
  const program = new Command("bootseed")
    .version(manifest.version)
    .description("Seeds for machines, and what a bootseed host knows of them")
    .addHelpText("after", OVERVIEW)
    .configureHelp({
      optionDescription: (option) =>
        `${option.mandatory ? "(required) " : ""}${Help.prototype.optionDescription.call(new Help(), option)}`,
    })
    .exitOverride()
    .showHelpAfterError("(bootseed --help shows the commands)");
  for (const add of [addVm, addWait, addKnownHosts, addSync, addUserData, addInject]) add(program, terminal);
  addCompletion(program, print);
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

// `bootseed vm ls | head`: who has read enough ends the pipe, and nothing is wrong with that.
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

if (import.meta.main) for (const stream of [process.stdout, process.stderr]) stream.on("error", leaveQuietly);
if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
