/** Commands that show what a host knows: `vm ls`, `vm show`, `known-hosts`, `wait`, `sync`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Vm } from "@bootseed/protocol";
import { type Command } from "commander";
import { addAcknowledge } from "./acknowledge.ts";
import { addApprove } from "./approve.ts";
import { durationMs } from "./duration.ts";
import { addForget } from "./forget.ts";
import { withExamples, withExamplesOf } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { readInput } from "./input-file.ts";
import { hostsOf, knownHosts, sshPortOf } from "./known-hosts.ts";
import { refuseStack, unknownVm } from "./listing/fetch.ts";
import { addLs } from "./listing/vm-ls.ts";
import { addShow } from "./listing/vm-show.ts";
import { ofStack, stackOf } from "./select.ts";
import { dropletsIn, exportByPulumi, timeOfExport } from "./stack-export.ts";
import { goneLines, mayHaveSeed, syncDroplets, syncSummary, tellPresent } from "./sync.ts";
import { EX_DATAERR } from "./sysexits.ts";
import { print, printJson, say, type Terminal } from "./terminal.ts";
import { waitForStack } from "./wait.ts";

type JsonOption = HostOption & { json?: true };

export function addVm(program: Command, terminal: Terminal): void {
  const vm = withExamplesOf(program.command("vm"), [
    "vm ls",
    "vm show",
    "vm acknowledge",
    "vm approve",
    "vm forget",
  ]).description("list and show VMs");
  addLs(vm, terminal);
  addShow(vm, terminal);
  addAcknowledge(vm, terminal);
  addApprove(vm, terminal);
  addForget(vm, terminal);
}

type KnownHostsOptions = HostOption & { stack?: string; sshPort: string; soft?: true };

export function addKnownHosts(program: Command, terminal: Terminal): void {
  withHost(withExamples(program.command("known-hosts [host...]"), "known-hosts"), terminal.env)
    .description(
      "known_hosts lines of all VMs that have reported, or of these names and addresses; for KnownHostsCommand: %H",
    )
    .option("--stack <stack>", "only VMs of this org/project/stack")
    .option("--ssh-port <port>", "port that ssh will be given", "22")
    .option("--soft", "when the mint is away, print nothing and end with 0: ssh goes by its files alone")
    .action(async (wanted: string[], options: KnownHostsOptions) => {
      const sshPort = sshPortOf(options.sshPort);
      const stack = options.stack === undefined ? undefined : stackOf(options.stack);
      const mint = mintOf(options);
      try {
        // At each ssh login: of a fleet only the VMs that have that name or address, in whatever stack.
        const hosts = wanted.length === 0 ? undefined : wanted.flatMap((text) => hostsOf(text, sshPort));
        const found = await mint.vms({ stack, hosts });
        if (stack !== undefined && wanted.length === 0 && found.length === 0) await refuseStack(mint, stack);
        const vms = stack !== undefined && wanted.length === 0 ? ofStack(found, stack) : found;
        const { lines, remarks, withheld } = knownHosts(vms, wanted, sshPort, stack);
        for (const remark of remarks) say(remark);
        print(lines);
        if (withheld) terminal.exitCode = EX_DATAERR;
      } catch (error) {
        if (!options.soft) throw error;
        say(`${error instanceof Error ? error.message : String(error)}; no key is vouched for`);
      }
    });
}

const WAIT_CODES = `Exit codes:
  0   all have reported, reseeded before their first key
  65  something speaks against one: other keys than at first, no proof, revoked, contested, a clone, another machine in
      its place, its seed used elsewhere
  66  the host knows no such stack, or no VM of that name in it
  75  one has not reported in time
`;

type WaitOptions = HostOption & { stack: string; timeout: string };

export function addWait(program: Command, terminal: Terminal): void {
  withHost(withExamples(program.command("wait [name...]"), "wait", WAIT_CODES), terminal.env)
    .description("wait until every VM of a stack has reported: a gate for CI")
    .requiredOption("--stack <stack>", "org/project/stack")
    .option("--timeout <time>", "how long: 90s, 3m, 1h", "3m")
    .action(async (names: string[], options: WaitOptions) => {
      const stack = stackOf(options.stack);
      const timeoutMs = durationMs(options.timeout);
      const mint = mintOf(options);
      const look = mint.watch({ stack, ...(names.length === 0 ? {} : { hosts: names }) });
      const vms = async (): Promise<readonly Vm[]> => {
        const found = await look();
        if (found.length === 0 && names.length === 0) await refuseStack(mint, stack);
        return found;
      };
      const unknown = async (name: string): Promise<string> => unknownVm(mint, name, { stack });
      const clock = { now: Date.now, sleep: (ms: number): Promise<void> => sleep(ms) };
      terminal.exitCode = await waitForStack({ vms, unknown, stack, names, timeoutMs, say, ...clock });
    });
}

type SyncOptions = JsonOption & { stack: string; export?: string };

export function addSync(program: Command, { env }: Terminal): void {
  withHost(withExamples(program.command("sync"), "sync"), env)
    .description("tell the host which droplets a stack's state has; its other VMs are gone")
    .requiredOption("--stack <stack>", "org/project/stack")
    .option("--export <file>", "what pulumi stack export printed, - for stdin; default: runs it here")
    .option("--json", "schema 1: what the host knows of each droplet")
    .action(async (options: SyncOptions) => {
      const stack = stackOf(options.stack);
      const mint = mintOf(options);
      const text =
        options.export === undefined
          ? await exportByPulumi(stack)
          : Buffer.from(readInput(options.export, "the export")).toString("utf8");
      const droplets = dropletsIn(text, stack);
      for (const { urn } of droplets.filter((one) => !mayHaveSeed(one)))
        say(`left out, as no host gives it a seed: ${urn}: a host takes printable ASCII, at most 2048 characters`);
      const vms = await syncDroplets(mint, stack, droplets.filter(mayHaveSeed));
      const ids = droplets.map(({ instanceId }) => instanceId);
      const gone = await tellPresent(mint, stack, ids, timeOfExport(text), say);
      if (options.json) printJson({ schema: 1, vms, gone });
      else print(syncSummary(vms, stack) + goneLines(gone));
    });
}
