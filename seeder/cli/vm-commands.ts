/** Commands that show what a host knows: `vm ls`, `vm show`, `known-hosts`, `wait`, `sync`. */
import { setTimeout as sleep } from "node:timers/promises";
import { isGone } from "@bootseed/protocol";
import { type Command } from "commander";
import { addAcknowledge } from "./acknowledge.ts";
import { addApprove } from "./approve.ts";
import { durationMs } from "./duration.ts";
import { addForget } from "./forget.ts";
import { leftOut } from "./gone.ts";
import { withExamples, withExamplesOf } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { readInput } from "./input-file.ts";
import { knownHosts, sshPortOf } from "./known-hosts.ts";
import { find, ofStack, stackOf } from "./select.ts";
import { dropletsIn, exportByPulumi, timeOfExport } from "./stack-export.ts";
import { goneLines, mayHaveSeed, syncDroplets, syncSummary, tellPresent } from "./sync.ts";
import { EX_DATAERR } from "./sysexits.ts";
import { print, printJson, say, type Terminal } from "./terminal.ts";
import { vmTable } from "./listing/vm-list.ts";
import { vmDetails } from "./vm-table.ts";
import { waitForStack } from "./wait.ts";

type JsonOption = HostOption & { json?: true };

export function addVm(program: Command, terminal: Terminal): void {
  const { env } = terminal;
  const vm = withExamplesOf(program.command("vm"), [
    "vm ls",
    "vm show",
    "vm acknowledge",
    "vm approve",
    "vm forget",
  ]).description("list and show VMs");
  withHost(withExamples(vm.command("ls"), "vm ls"), env)
    .description("VMs by stack and name: seedId, seeded, reseeded, before its keys, source class, state, last top-up")
    .option("--all", "also VMs that are gone")
    .option("--json", "schema 1, as the host answers it: all VMs")
    .action(async (options: JsonOption & { all?: true }) => {
      const vms = await mintOf(options).vms();
      if (options.json) return printJson({ schema: 1, vms });
      print(vmTable(options.all ? vms : vms.filter((one) => !isGone(one)), Date.now() / 1000));
      if (!options.all) for (const line of leftOut(vms)) say(line);
    });
  withHost(withExamples(vm.command("show <name>"), "vm show"), env)
    .description("everything about one VM, by name, seedId or instance-id")
    .option("--json", "schema 1")
    .action(async (name: string, options: JsonOption) => {
      const one = find(await mintOf(options).vms(), name);
      if (options.json) printJson({ schema: 1, vm: one });
      else print(vmDetails(one));
    });
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
        const all = await mint.vms();
        const vms =
          stack === undefined
            ? all
            : wanted.length === 0
              ? ofStack(all, stack)
              : all.filter((vm) => vm.stack === stack);
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
      const vms = (): ReturnType<typeof mint.vms> => mint.vms();
      const clock = { now: Date.now, sleep: (ms: number): Promise<void> => sleep(ms) };
      terminal.exitCode = await waitForStack({ vms, stack, names, timeoutMs, say, ...clock });
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
