/** The service's log on stderr: one JSON line each, readable lines for a person at a terminal. Nothing logged is a secret. */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { pino } from "pino";
import type { Log } from "../host-context.ts";
import { readableLine } from "./readable-log.ts";

const STDERR = 2;
/** Lines that cannot be written wait up to this size; then new ones are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * A log whose end is gone (a closed terminal, a reader that ended, a full disk) must not end the service that VMs depend
 * on: what could not be written is tried again with the next line.
 */
export function stderrLog(): Log {
  const options = { base: {}, timestamp: pino.stdTimeFunctions.isoTime };
  if (isatty(STDERR)) return pino(options, { write: toTerminal });
  const destination = pino.destination({ dest: STDERR, sync: true, maxLength: MAX_WAITING_BYTES });
  destination.on("error", () => undefined);
  return pino(options, destination);
}

/** A terminal that was closed takes no lines, and the service goes on. */
function toTerminal(line: string): void {
  try {
    writeSync(STDERR, `${readableLine(line.trimEnd())}\n`);
  } catch {
    // EIO, EPIPE, EAGAIN
  }
}
