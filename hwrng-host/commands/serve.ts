/** `bootseed-host serve`: runs until SIGTERM or SIGINT. */
import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { loadConfig } from "../config/load.ts";
import { unreachableAdvice } from "../config/reachable.ts";
import { startService } from "../server/service.ts";

/** Logs go to stderr, one JSON line each; stdout carries the ready line only. Nothing logged is a secret. */
function stderrLog(): ReturnType<typeof pino> {
  return pino({ base: {}, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
}

export async function serve(configFile: string): Promise<void> {
  const config = loadConfig(configFile);
  const log = stderrLog();
  const stop = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.resolve(signal));
  const service = await startService(config, {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    log,
  });
  const { mint, guests, hostId, sourceClass } = service;
  process.stdout.write(`${JSON.stringify({ event: "ready", mint, guests, hostId, sourceClass })}\n`);
  log.info({ mint, guests, hostId, sourceClass }, "ready");
  const advice = unreachableAdvice(config);
  if (advice !== undefined) log.warn(advice);
  const signal = await stop.promise;
  await service.close();
  log.info({ signal }, "stopped");
}
