/** `bootseed vm ls`. */
import { BootseedError, isGone, LISTED_STATES, type ListedState, type Vm, type VmFilter } from "@bootseed/protocol";
import type { Command } from "commander";
import type { VmList } from "../../mint-client/vm-list.ts";
import { ageMs } from "../duration.ts";
import { leftOut } from "../gone.ts";
import { withExamples } from "../help.ts";
import { type HostOption, mintOf, withHost } from "../host-option.ts";
import { stackOf } from "../select.ts";
import { print, printJson, say, type Terminal } from "../terminal.ts";
import { refuseStack } from "./fetch.ts";
import { vmTable } from "./vm-list.ts";

interface LsOptions extends HostOption {
  all?: true;
  json?: true;
  stack?: string;
  name?: string;
  client?: string;
  state?: string[];
  stale?: true;
  olderThan?: string;
}

const MAX_PATTERN_CHARS = 256;

/** Adds the command below `vm`. */
export function addLs(vm: Command, { env }: Terminal): void {
  withHost(withExamples(vm.command("ls"), "vm ls"), env)
    .description("VMs by stack and name: seedId, seeded, reseeded, before its keys, source class, state, last top-up")
    .option("--stack <stack>", "only of this org/project/stack; * stands for any characters: 'acme/*'")
    .option("--name <name>", "only of this name; * as above: 'web-*'")
    .option("--client <client>", "only seeds that this client had minted; * as above; local: on the host itself")
    .option("--state <state>", `only in this state, may be repeated: ${LISTED_STATES.join(", ")}`, collect)
    .option("--stale", "only VMs without a top-up for more than two of their intervals")
    .option("--older-than <age>", "only seeds that were committed so long ago: 12h, 30d")
    .option("--all", "also VMs that are gone")
    .option("--json", "schema 1: all that is known of them; without a filter also VMs that are gone")
    .action(async (options: LsOptions) => {
      const filter = filterOf(options);
      const mint = mintOf(options);
      const list = await mint.list(filter, { withoutKeys: options.json !== true });
      refuseOldHost(list, filter);
      const { stack } = filter;
      if (list.vms.length === 0 && stack !== undefined && !stack.includes("*") && (list.forgotten ?? 0) === 0)
        await refuseUnknown(mint, stack);
      if (options.json) printJson({ schema: 1, vms: list.vms });
      else printTable(list, filter, options.all === true);
    });
}

const collect = (text: string, before: string[] = []): string[] => [...before, ...text.split(",")];

/** A stack that has VMs, none of which fits the other filters, is no mistake. */
async function refuseUnknown(mint: ReturnType<typeof mintOf>, stack: string): Promise<void> {
  const { total } = await mint.list({ stack, forgotten: true }, { withoutKeys: true });
  if (total === 0) await refuseStack(mint, stack);
}

/** @throws BootseedError "usage" */
function filterOf({ stack, name, client, state, stale, olderThan }: LsOptions): VmFilter {
  const states = state?.map(stateOf);
  return {
    stack: stack === undefined || stack.includes("*") ? patternOf("--stack", stack) : stackOf(stack),
    name: patternOf("--name", name),
    client: patternOf("--client", client),
    states,
    stale,
    olderThanSeconds: olderThan === undefined ? undefined : Math.ceil(ageMs(olderThan) / 1000),
    forgotten: states?.includes("revoked"),
  };
}

function stateOf(text: string): ListedState {
  const state = LISTED_STATES.find((one) => one === text);
  if (state !== undefined) return state;
  throw new BootseedError(
    "usage",
    `expected --state with one of ${LISTED_STATES.join(", ")}, got ${JSON.stringify(text)}`,
  );
}

function patternOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined || (text.length <= MAX_PATTERN_CHARS && /^[ -~]+$/.test(text))) return text;
  throw new BootseedError("usage", `expected ${option} with 1 to ${MAX_PATTERN_CHARS} characters of printable ASCII`);
}

/** @throws BootseedError "unavailable" where the filter needs what only newer hosts tell */
function refuseOldHost({ isOld }: VmList, { client, stale }: VmFilter): void {
  const needed = client === undefined ? (stale === true ? "which VMs are stale" : undefined) : "who had a seed minted";
  if (isOld && needed !== undefined)
    throw new BootseedError("unavailable", `this host is of an older version and does not tell ${needed}: update it`);
}

function printTable({ vms, now, forgotten }: VmList, filter: VmFilter, all: boolean): void {
  const { states, forgotten: withForgotten } = filter;
  const isShown = (vm: Vm): boolean => all || states !== undefined || !isGone(vm);
  const gone = vms.filter((vm) => !isShown(vm));
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  print(vmTable(vms.filter(isShown), now, { isFiltered, hasGone: gone.length > 0 }));
  for (const line of leftOut(gone)) say(line);
  if (forgotten !== null && forgotten > 0 && withForgotten !== true && states === undefined)
    say(
      `${forgotten} VMs and seeds that were revoked before a claim or forgotten are left out: bootseed vm ls --state revoked`,
    );
}
