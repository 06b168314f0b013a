#!/usr/bin/env node
import { command } from "./cli/command.ts";
import { run } from "./cli/run.ts";

process.exitCode = await run(command, process.argv.slice(2));
