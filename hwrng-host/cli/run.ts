/** From the words of a command line to what was said and an exit code. Errors end in one sentence and a sysexits code. */
import { BootseedError } from "@bootseed/protocol";
import { CommanderError } from "commander";
import { withConfig } from "../commands/follow-up.ts";
import { helpText } from "../commands/help.ts";
import { DEFAULT_CONFIG } from "../config/load.ts";
import { EXIT, HostError } from "../host-error.ts";
import { hostProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** @param words without node and file @returns the exit code */
export async function runHost(words: readonly string[], { out, err }: Omit<Terminal, "exit">): Promise<number> {
  let code = 0;
  let config = DEFAULT_CONFIG;
  const program = hostProgram({ out, err, exit: (other) => (code = other) });
  program.hook("preAction", (_, command) => {
    config = command.opts<{ config?: string }>().config ?? DEFAULT_CONFIG;
  });
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]).concat(program))
    command.addHelpText("after", helpText(command.name(), command.parent?.name()));
  try {
    await program.parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    return fail(error, config, err);
  }
}

/** One sentence per problem; a stack trace only for what nobody foresaw. */
function fail(error: unknown, config: string, err: Terminal["err"]): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof HostError) {
    err(`bootseed-host: ${error.message}\n  to do: ${withConfig(error.fix, config)}\n`);
    return error.exit;
  }
  if (error instanceof BootseedError) err(`bootseed-host: ${error.message}\n`);
  else err(`bootseed-host: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.software;
}
