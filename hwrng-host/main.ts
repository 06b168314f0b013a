#!/usr/bin/env node
/** `bootseed-host`: the service next to the hardware random generators. */
import { runHost } from "./cli/run.ts";
import { keepMemoryOutOfCores } from "./no-core.ts";

keepMemoryOutOfCores();
process.exitCode = await runHost(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
