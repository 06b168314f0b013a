import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { holderOf, logFileOf } from "../run-folder.ts";
import { CliError, EX_CANTCREAT, EX_UNAVAILABLE } from "./exit-codes.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const STOP_MS = 20_000;

/**
 * Starts `serve` in the background and waits until it is ready.
 *
 * @param args what `serve` is told
 * @returns its ready line
 * @throws CliError with the log's end when it does not become ready; 73 when another has the folder
 */
export async function start(dir: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const holder = holderOf(dir);
  if (holder !== undefined)
    throw new CliError(EX_CANTCREAT, `a local-cloud runs in ${dir} already, with pid ${holder}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const log = openSync(logFileOf(dir), "w", 0o600);
  const child = spawn(process.execPath, [MAIN, "serve", ...args], { detached: true, stdio: ["ignore", "pipe", log] });
  closeSync(log);
  const { stdout } = child;
  if (stdout === null) throw new TypeError("expected a pipe for standard output");
  const ready = await new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => {
      const said = readFileSync(logFileOf(dir), "utf8").trim().split("\n").slice(-5).join("\n");
      reject(
        new CliError(code === null || code === 0 ? EX_UNAVAILABLE : code, `it ended before it was ready:\n${said}`),
      );
    });
  });
  stdout.destroy();
  child.unref();
  return { ...(JSON.parse(ready) as Record<string, unknown>), pid: child.pid };
}

/**
 * Stops the cloud in the folder with all its droplets; with SIGKILL if it does not end in 20 s, which its VMs do not survive either.
 *
 * @returns its pid, or undefined when none ran
 */
export async function stop(dir: string): Promise<number | undefined> {
  const pid = holderOf(dir);
  if (pid === undefined) return undefined;
  process.kill(pid, "SIGTERM");
  const until = Date.now() + STOP_MS;
  while (holderOf(dir) === pid) {
    if (Date.now() > until) process.kill(pid, "SIGKILL");
    await sleep(50);
  }
  return pid;
}
