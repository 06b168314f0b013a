import { createInterface } from "node:readline";
import { appendFileSync } from "node:fs";
import { execa } from "execa";
import { ROOT } from "../cache.ts";

/** A running process of ours that said it is ready. */
export interface Service {
  /** What its ready line says. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly pid: number;
  /** SIGTERM, then SIGKILL after 20 s. Repeatable. */
  stop(): Promise<void>;
}

/**
 * Starts one of our commands (from node_modules/.bin) and waits for its ready line, `{"event":"ready",…}`, on standard output.
 *
 * @param log file that gets its standard error
 * @throws {Error} with the last lines of its standard error when it ends before, or is silent for `readyMs`.
 */
export async function startService(
  command: string,
  args: readonly string[],
  log: string,
  readyMs = 60_000,
): Promise<Service> {
  const child = execa(command, args, {
    cwd: ROOT,
    preferLocal: true,
    stdin: "ignore",
    buffer: false,
    reject: false,
    cleanup: true,
  });
  let tail = "";
  child.stderr.on("data", (data: Buffer) => {
    tail = (tail + data.toString()).slice(-3000);
    appendFileSync(log, data, { mode: 0o600 });
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await child;
    clearTimeout(hard);
  };
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`${command}: expected its ready line within ${readyMs / 1000} s, got nothing\n${tail}`)),
      readyMs,
    );
    void child.then((end) =>
      reject(new Error(`${command} ${args[0]} ended before it was ready (exit code ${end.exitCode})\n${tail}`)),
    );
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = line.startsWith("{") ? (JSON.parse(line) as Record<string, unknown>) : {};
      if (said["event"] !== "ready") return;
      clearTimeout(late);
      resolve(said);
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ready, pid: child.pid ?? 0, stop };
}

/** Runs one of our commands to its end. @throws {Error} (execa's) with its standard error when it fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  return (await execa(command, args, { cwd: ROOT, preferLocal: true, stdin: "ignore" })).stdout;
}
