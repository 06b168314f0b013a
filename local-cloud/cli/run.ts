import { CommanderError, type Command } from "commander";
import { CliError, EX_SOFTWARE, EX_USAGE } from "./exit-codes.ts";

/**
 * Runs a command line.
 *
 * @param make builds the command; `done` takes an exit code that is no failure of ours, such as ssh's
 * @returns the exit code, by sysexits.h
 */
export async function run(
  make: (argv: readonly string[], done: (exitCode: number) => void) => Command,
  argv: readonly string[],
): Promise<number> {
  let exitCode = 0;
  try {
    await make(argv, (code) => (exitCode = code)).parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
    process.stderr.write(`local-cloud: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CliError ? error.exitCode : EX_SOFTWARE;
  }
}
