#!/usr/bin/env node
/** `bootseed`: what a mint knows about its VMs. Data to stdout, talk to stderr, exit codes by sysexits. */
import manifest from "../package.json" with { type: "json" };
import { BootseedError, type Vm } from "@bootseed/protocol";
import { Command, CommanderError } from "commander";
import { knownHostsLines } from "../droplet/known-hosts.ts";
import { MintClient } from "../mint-client/client.ts";
import { DEFAULT_HOST } from "../mint-client/endpoint.ts";
import { EX_USAGE, exitCodeOf } from "./sysexits.ts";
import { vmDetails, vmTable } from "./vm-table.ts";

interface HostOption {
  host: string;
}

const EXAMPLES = `
Examples:
  $ bootseed vm ls
  $ bootseed vm ls --json --host unix:///run/bootseed/mint.sock
  $ bootseed vm show web-7
  $ bootseed known-hosts >> ~/.ssh/known_hosts
  $ ssh -o UserKnownHostsFile=<(bootseed known-hosts web-7) -o StrictHostKeyChecking=yes root@192.0.2.7

Exit codes: 0 done, 64 wrong usage, 66 no such VM, 69 host unreachable, 76 answer not understood, 77 not permitted.
`;

const vmsOf = (options: HostOption): Promise<readonly Vm[]> => new MintClient(options.host).vms();
const print = (text: string): void => void process.stdout.write(text);
const printJson = (value: unknown): void => print(`${JSON.stringify(value, undefined, 2)}\n`);

/** A name, a seedId or an instance-id; when a name was used again after a replacement, the newest. */
function find(vms: readonly Vm[], wanted: string): Vm {
  const found = vms.filter((vm) => vm.name === wanted || vm.seedId === wanted || vm.instanceId === wanted);
  const newest = found.toSorted((a, b) => b.committedAt - a.committedAt)[0];
  if (newest !== undefined) return newest;
  const known = [...new Set(vms.map((vm) => vm.name))].join(", ") || "none";
  throw new BootseedError("not-found", `no VM is called ${wanted}: this host knows ${known}`);
}

/** Without the machines that were replaced since: their addresses may be a stranger's by now. */
function currentOf(vms: readonly Vm[]): Vm[] {
  const newest = new Map<string, Vm>();
  for (const vm of vms.toSorted((a, b) => a.committedAt - b.committedAt)) {
    newest.set(JSON.stringify([vm.stack, vm.urn, vm.name]), vm);
  }
  const current = new Set(newest.values());
  return vms.filter((vm) => current.has(vm));
}

function knownHostsOf(vms: readonly Vm[], sshPort: number): string {
  for (const vm of vms.filter((one) => one.hostKeysChanged)) {
    process.stderr.write(
      `bootseed: ${vm.name} has changed its host keys since its first report; the first are printed\n`,
    );
  }
  return vms.map((vm) => knownHostsLines(vm.addresses, vm.report?.hostKeys ?? [], sshPort)).join("");
}

function sshPortOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new BootseedError("usage", `expected a port from 1 to 65535, got ${text}`);
}

/** @returns the command, not yet run */
export function command(): Command {
  const program = new Command("bootseed")
    .version(manifest.version)
    .description("What a bootseed host knows about the VMs it seeded")
    .addHelpText("afterAll", EXAMPLES)
    .exitOverride()
    .showHelpAfterError("(bootseed --help shows the commands)");
  const host = ["--host <url>", "where the mint listens", process.env["BOOTSEED_HOST"] ?? DEFAULT_HOST] as const;

  const vm = program.command("vm").description("list and show VMs");
  vm.command("ls")
    .description("one line per VM: seeded, reseeded, before its keys, source class, last top-up")
    .option(...host)
    .option("--json", "schema 1, as the host answers it")
    .action(async (options: HostOption & { json?: true }) => {
      const vms = await vmsOf(options);
      if (options.json) printJson({ schema: 1, vms });
      else print(vmTable(vms));
    });
  vm.command("show <name>")
    .description("everything about one VM, by name, seedId or instance-id")
    .option(...host)
    .option("--json", "schema 1")
    .action(async (name: string, options: HostOption & { json?: true }) => {
      const one = find(await vmsOf(options), name);
      if (options.json) printJson({ schema: 1, vm: one });
      else print(vmDetails(one));
    });
  program
    .command("known-hosts [name]")
    .description("known_hosts lines of all VMs that have reported, or of one")
    .option(...host)
    .option("--ssh-port <port>", "port that ssh will be given", "22")
    .action(async (name: string | undefined, options: HostOption & { sshPort: string }) => {
      const sshPort = sshPortOf(options.sshPort);
      const vms = await vmsOf(options);
      print(knownHostsOf(name === undefined ? currentOf(vms) : [find(vms, name)], sshPort));
    });
  return program;
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await command().parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
    process.stderr.write(`bootseed: ${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error);
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
