#!/usr/bin/env node
/** `bootseed-host`: the service next to the hardware random generators. */
import { runHost } from "./cli/run.ts";
import { errnoOf } from "./host-error.ts";
import { keepMemoryOutOfCores } from "./no-core.ts";

keepMemoryOutOfCores();
// EPIPE: `bootseed-host … | head` ends the pipe. EIO: the terminal was closed. Neither is an error of the command.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error) => {
    if (!["EPIPE", "EIO"].includes(errnoOf(error))) throw error;
  });
const code = await runHost(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
process.exitCode ??= code;
