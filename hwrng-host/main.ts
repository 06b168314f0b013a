#!/usr/bin/env node
/** `bootseed-host`: the service next to the hardware random generators. */
import { runHost } from "./cli/run.ts";
import { errnoOf } from "./host-error.ts";
import { keepMemoryOutOfCores } from "./no-core.ts";

keepMemoryOutOfCores();
// `bootseed-host … | head`: who has read enough ends the pipe, and nothing is wrong with that.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error) => {
    if (errnoOf(error) !== "EPIPE") throw error;
  });
process.exitCode = await runHost(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
