#!/usr/bin/env node
import manifest from "./package.json" with { type: "json" };
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { consoleFile, plain } from "./console.ts";
import { guestExec } from "./guest-agent.ts";
import { startLocalCloud } from "./server.ts";
import { getJson } from "./wait-for-boot.ts";

/** `local-cloud serve | list | exec | console`. */
const program = new Command("local-cloud")
  .version(manifest.version)
  .description("A DigitalOcean-compatible API on loopback whose droplets are QEMU VMs");

program
  .command("serve")
  .description("serve the API until SIGTERM; the first line on standard output says where")
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
  .action(serve);
program
  .command("list")
  .description("list the droplets")
  .requiredOption("--dir <dir>", "run folder of the running cloud")
  .action(list);
program
  .command("console")
  .description("print what a droplet wrote to its console")
  .requiredOption("--dir <dir>", "run folder of the running cloud")
  .argument("<id>", "the droplet's id")
  .action((id: string, { dir }: { dir: string }) => {
    process.stdout.write(plain(readFileSync(consoleFile(dropletDir(dir, id)), { encoding: "utf8", flag: "a+" })));
  });
program
  .command("exec")
  .description("run a shell command as root in a droplet, through QEMU's guest agent")
  .requiredOption("--dir <dir>", "run folder of the running cloud")
  .option("--timeout <seconds>", "for the whole command", natural, 120)
  .argument("<id>", "the droplet's id")
  .argument("<command>", "for /bin/sh -c")
  .action(async (id: string, command: string, { dir, timeout }: { dir: string; timeout: number }) => {
    const { exitCode, stdout, stderr } = await guestExec(dropletDir(dir, id), command, timeout * 1000);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  });

interface ServeOptions {
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
}

async function serve({ authorizedKey, bootDeadline, memory, ...options }: ServeOptions): Promise<void> {
  const keys =
    authorizedKey === undefined
      ? []
      : readFileSync(authorizedKey, "utf8")
          .split("\n")
          .map((line) => line.trim());
  const cloud = await startLocalCloud({
    ...options,
    images: resolve(options.images),
    dir: resolve(options.dir),
    authorizedKeys: keys.filter((line) => line !== "" && !line.startsWith("#")),
    bootDeadlineMs: bootDeadline * 1000,
    memoryMiB: memory,
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

interface Listed {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly networks: { readonly v4: readonly { readonly ip_address: string }[] };
}

async function list({ dir }: { dir: string }): Promise<void> {
  const { droplets } = (await getJson(apiOf(dir), "/v2/droplets?per_page=200")) as { droplets: Listed[] };
  for (const { id, name, status, networks } of droplets)
    console.log(`${id}  ${networks.v4[0]?.ip_address ?? ""}  ${status}  ${name}`);
}

function apiOf(dir: string): string {
  const file = join(dir, "api");
  if (!existsSync(file)) throw new Error(`no local-cloud runs in ${dir}: expected ${file}`);
  return readFileSync(file, "utf8").trim();
}

/** The droplet's folder, absolute and only if there is one: a Unix socket that is missing would be a riddle. */
function dropletDir(dir: string, id: string): string {
  const folder = resolve(dir, "droplets", id);
  if (!/^\d+$/.test(id) || !existsSync(folder))
    throw new Error(`no droplet ${id} in ${dir}: \`local-cloud list --dir ${dir}\` shows those there are`);
  return folder;
}

function natural(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("expected a whole number");
  return Number(text);
}

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`local-cloud: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
