import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import type { MiddlewareHandler } from "hono";
import { FaultPlan } from "../faults/fault-plan.ts";
import { parseFault } from "../faults/fault-rule.ts";
import { FAULT_HEADER } from "../faults/inject.ts";
import { startLocalCloud } from "../server.ts";
import { CliError, EX_CONFIG } from "./exit-codes.ts";

/** What `serve` and `start` are told. */
export interface ServeOptions {
  readonly images: string;
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  readonly sshPort?: number;
  readonly authorizedKey?: string;
  readonly bootDeadline: number;
  readonly parallelBoots: number;
  readonly memory: number;
  readonly cpus: number;
  readonly configDrive?: true;
  readonly fault: readonly string[];
}

/** Adds the options of a cloud to a command. */
export function withServeOptions(command: Command): Command {
  return command
    .requiredOption("--images <dir>", "folder with SLUG/{base.qcow2,vmlinuz,initrd}")
    .requiredOption("--dir <dir>", "run folder")
    .option("--host <address>", "loopback address of the API", "127.0.0.1")
    .option("--port <port>", "port of the API, 0 for any", natural, 0)
    .option("--ssh-port <port>", "port at 127.77.0.n; default 22 where this user may listen there, else 2222", natural)
    .option("--authorized-key <file>", "OpenSSH public keys that every droplet gets")
    .option("--boot-deadline <seconds>", "a VM that does not answer by then is stopped", natural, 300)
    .option("--parallel-boots <n>", "boots at a time", natural, 1)
    .option("--memory <MiB>", "memory of each VM", natural, 512)
    .option("--cpus <n>", "processors of each VM", natural, 2)
    .option("--config-drive", "give each VM a config drive, which cloud-init takes before the metadata service")
    .option(
      "--fault <rule>",
      "what goes wrong, repeatable: METHOD PATH: EFFECT [xN] [after M]; see below",
      anotherFault,
      [],
    )
    .addHelpText("after", FAULTS);
}

const FAULTS = `
Faults are deterministic: they count matching requests and nothing else. EFFECT is a status from 400 to 599, drop-before or drop-after (the
connection ends without an answer, before or after the request took effect), or slow SECONDSs. * in PATH is one segment, x* is always.
  --fault 'POST /v2/droplets: 429 x2'               the first two creates are answered 429
  --fault 'POST /v2/droplets: drop-after after 1'   the second droplet is made, and nobody hears of it
  --fault 'GET /v2/droplets/*: slow 2.5s x*'        every look at a droplet takes so long`;

/** Serves until SIGTERM; the ready line goes to standard output, events and requests (never their bodies) to standard error. */
export async function serve({
  authorizedKey,
  bootDeadline,
  memory,
  fault: faults,
  ...options
}: ServeOptions): Promise<void> {
  const keys =
    authorizedKey === undefined
      ? []
      : readFileSync(authorizedKey, "utf8")
          .split("\n")
          .map((line) => line.trim());
  const starting = startLocalCloud({
    ...options,
    images: resolve(options.images),
    dir: resolve(options.dir),
    authorizedKeys: keys.filter((line) => line !== "" && !line.startsWith("#")),
    bootDeadlineMs: bootDeadline * 1000,
    memoryMiB: memory,
    faults: new FaultPlan(faults),
    observe: logRequests,
  });
  const cloud = await starting.catch((cause: Error) => {
    throw new CliError(EX_CONFIG, cause.message, { cause });
  });
  const { api, sshPort, accelerator } = cloud;
  process.stdout.write(`${JSON.stringify({ event: "ready", api, sshPort, accelerator })}\n`);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void cloud.stop().then(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, stop);
}

const logRequests: MiddlewareHandler = async (context, next) => {
  const { method, path } = context.req;
  if (path.startsWith("/local")) return next(); // our own looking is not worth a line
  await next();
  const fault = context.res.headers.get(FAULT_HEADER);
  const outcome = fault?.startsWith("drop-") ? {} : { status: context.res.status };
  const line = {
    at: new Date().toISOString(),
    request: `${method} ${path}`,
    ...outcome,
    ...(fault === null ? {} : { fault }),
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
};

/** A whole number without a sign. */
export function natural(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("expected a whole number");
  return Number(text);
}

function anotherFault(text: string, before: readonly string[]): string[] {
  try {
    return [...before, parseFault(text).text];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
