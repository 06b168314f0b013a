/** `bootseed-host serve`: runs until SIGTERM or SIGINT; SIGHUP reads statements and keys again. stdout carries the ready line only. */
import { writeSync } from "node:fs";
import { loadConfig } from "../config/load.ts";
import { unreachableAdvice } from "../config/reachable.ts";
import type { Log } from "../host-context.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { RESTORE } from "../identity/lost.ts";
import { type Service, startService } from "../server/service.ts";
import { stderrLog } from "../server/stderr-log.ts";
import { systemRandom } from "../system-random.ts";

export async function serve(configFile: string): Promise<void> {
  const config = loadConfig(configFile);
  const log = stderrLog();
  const stop = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.resolve(signal));
  // From the beginning: unheard, the signal would end the process. One that comes during the start is done after it.
  let again = (): void => void (early = true);
  let early = false;
  process.on("SIGHUP", () => again());
  // Unexpected errors end it like every other: with a line, its sockets closed, and a code of the table.
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.once(event, (error: unknown) => {
      log.error({ err: error }, "unexpected error: the service stops");
      process.exitCode = EXIT.software;
      stop.resolve(event);
    });
  const service = await startService(config, {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: systemRandom(),
    log,
    readConfig: () => loadConfig(configFile),
  });
  const { mint, mintHttps, guests, hostId, sourceClass } = service;
  const where = { mint, ...(mintHttps === null ? {} : { mintHttps }), guests, hostId, sourceClass };
  sayReady({ event: "ready", ...where }, log);
  log.info(where, "ready");
  const advice = unreachableAdvice(config);
  if (advice !== undefined) log.warn({}, advice);
  again = (): void => reload(service, log);
  if (early) again();
  const signal = await stop.promise;
  await service.close();
  log.info({ signal }, "stopped");
}

/** A full disk below stdout must not end the service, as for the log. */
function sayReady(line: object, log: Log): void {
  try {
    writeSync(process.stdout.fd, `${JSON.stringify(line)}\n`);
  } catch (error) {
    log.warn({ reason: messageOf(error) }, "the ready line could not be written");
  }
}

/** What was there before stays in force when anything is wrong. */
function reload(service: Service, log: Log): void {
  try {
    const { statementSerial, warnings } = service.reload();
    log.info({ statementSerial }, "reloaded statement, keys and certificate");
    for (const warning of warnings) log.warn({}, warning);
  } catch (error) {
    // Whatever it is: a file that nobody foresaw must not end the service that VMs depend on.
    const fix = error instanceof HostError ? error.fix : RESTORE;
    log.error({ reason: messageOf(error), fix }, "NOT reloaded: everything is as before");
  }
}
