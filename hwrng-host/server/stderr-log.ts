/** The service's log: one JSON line each on stderr. Nothing logged is a secret. */
import { pino } from "pino";
import type { Log } from "../host-context.ts";

/** Lines that cannot be written wait up to this size; then new ones are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * A log whose end is gone (a closed terminal, a reader that ended, a full disk) must not end the service that VMs depend
 * on: what could not be written is tried again with the next line.
 */
export function stderrLog(): Log {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_BYTES });
  destination.on("error", () => undefined);
  return pino({ base: {}, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
