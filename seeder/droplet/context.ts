/**
 * What all seeded droplets of one program share: one reservation, one batch of `created`, and one hook of each kind,
 * since hook names are unique in a run. Kept per stack object, not per process: the automation API runs several stacks
 * in one process.
 */
import * as pulumi from "@pulumi/pulumi";
import { seedOutputWarning } from "../engine-output/warning.ts";
import { loadKit } from "../render/kit.ts";
import type { Kit } from "../render/render.ts";
import { addressesIn } from "./addresses.ts";
import { atEndOfRun } from "./at-end.ts";
import { hasOwnProcess, hookName, inThisProgram } from "./in-program.ts";
import { plain } from "./outputs.ts";
import { programSurroundings } from "./program-hosts.ts";
import { missingIn } from "./report.ts";
import { ProgramRuns } from "./runs.ts";
import type { SeedRun } from "./seed-run.ts";
import type { SeedSource } from "./seed-source.ts";
import type { SeedStackArgs } from "./seed-stack.ts";
import { settle } from "./settle.ts";
import { strangeInputs } from "./strange-inputs.ts";
import type { UserDataOptions } from "./user-data.ts";
import { engineComplaint, requireSdk } from "./versions.ts";

export interface ProgramContext {
  readonly dryRun: boolean;
  /** Read once: it is the same for all. */
  readonly kit: Kit;
  /** Whether the engine is too old: that has been said then, the run will fail, and creates are to be refused. */
  readonly tooOld: Promise<boolean>;
  /** Before a droplet is created, in preview too: throws what was refused; in `up` takes its seed for good, or throws. */
  readonly commit: pulumi.ResourceHook;
  /** After a droplet is created: tells the hosts, softly. Only `seedStack` needs it: a transform sees no outputs. */
  readonly created: pulumi.ResourceHook;
  /** Before a report is stored: refuses the placeholder. */
  readonly needReport: pulumi.ResourceHook;
  readonly runs: ProgramRuns;
  /** Whose hook is called with this URN. */
  readonly owners: Map<string, SeedRun>;
  /** Why nothing may be created under this URN; an existing resource is left alone. */
  readonly refusals: Map<string, string>;
  /** Hashes of the user-data that was rendered for each URN: nothing else may be created there. */
  readonly rendered: Map<string, string>;
  /** The droplets of SeededDroplets of this program, under their URNs. */
  readonly inside: Map<string, InsideDroplet>;
  /** URNs of all droplets that our transform saw. */
  readonly seen: Set<string>;
  /** What `seedStack` was given, once it was called. */
  stack: SeedStackArgs | undefined;
  /** Another process may have made droplets before our transform was registered. */
  blind: boolean;
  /** Our transform's registration, once it was asked for: whatever must not be registered before it waits for this. */
  last: Promise<void> | undefined;
}

/** What our transform needs to know of a SeededDroplet's droplet. */
export interface InsideDroplet {
  source: SeedSource;
  options: UserDataOptions;
  /** The user's own document, before any transform saw it. */
  document: pulumi.Input<string | undefined>;
  /** Edits of the user-data are to change nothing, or the engine forbids to replace it. */
  fixed: boolean;
}

const contexts = new WeakMap<object, ProgramContext>();
const noStack = {};

async function dropletName(args: pulumi.ResourceHookArgs): Promise<string> {
  const name = await plain(args.newInputs?.["name"]);
  return typeof name === "string" && name !== "" ? name : args.name;
}

/** Logged, not thrown: out of a transform or an input it would come once per droplet, wrapped in the SDK's own words. */
async function sayTooOld(): Promise<boolean> {
  const complaint = await engineComplaint();
  if (complaint !== undefined) await pulumi.log.error(complaint.message);
  return complaint !== undefined;
}

function makeContext(): ProgramContext {
  requireSdk();
  const dryRun = pulumi.runtime.isDryRun();
  const runs = new ProgramRuns(programSurroundings());
  const owners = new Map<string, SeedRun>();
  const refusals = new Map<string, string>();
  const rendered = new Map<string, string>();
  /** Once in a run, and only where something is created: nothing else is logged with a seed in it. */
  let warned: Promise<void> | undefined;
  const warnOfOutputs = async (): Promise<void> => {
    const warning = seedOutputWarning(runs.stack);
    if (warning !== undefined) await pulumi.log.warn(warning);
  };
  const beforeCreate = async (args: pulumi.ResourceHookArgs): Promise<void> => {
    const refusal = refusals.get(args.urn) ?? (await strangeInputs(args, rendered.get(args.urn)));
    if (refusal !== undefined) throw new Error(refusal);
    if (dryRun) return;
    const name = await dropletName(args);
    const run = owners.get(args.urn);
    if (run === undefined) throw new Error(`no seed for ${name}: ${args.urn} was not announced; nothing was created`);
    await (warned ??= warnOfOutputs());
    await run.commit(args.urn, name);
  };
  const afterCreate = async (args: pulumi.ResourceHookArgs): Promise<void> => {
    const outputs = (await plain(args.newOutputs ?? {})) as Record<string, unknown>;
    const addresses = addressesIn(outputs, (line) => void pulumi.log.warn(`${args.urn}: ${line}`));
    const droplet = { urn: args.urn, name: await dropletName(args), instanceId: args.id, addresses };
    await owners.get(args.urn)?.tell(droplet);
  };
  const needReport = async (args: pulumi.ResourceHookArgs): Promise<void> => {
    const missing = missingIn(await plain(args.newInputs?.["input"]));
    if (missing === undefined) return;
    const advice = `run pulumi up again; bootseed wait --stack ${runs.stack} shows how far it is`;
    throw new Error(`the droplet exists, but its host-key report did not come (${missing}): ${advice}`);
  };
  return {
    dryRun,
    kit: loadKit(),
    tooOld: sayTooOld(),
    // In preview too, so that what can be known is said before anything is done.
    commit: new pulumi.ResourceHook(hookName("bootseed-commit"), inThisProgram(beforeCreate), { onDryRun: true }),
    created: new pulumi.ResourceHook(hookName("bootseed-created"), inThisProgram(afterCreate), { ignoreErrors: true }),
    needReport: new pulumi.ResourceHook(hookName("bootseed-need-report"), inThisProgram(needReport)),
    runs,
    owners,
    refusals,
    rendered,
    inside: new Map(),
    seen: new Set(),
    stack: undefined,
    blind: false,
    last: undefined,
  };
}

/**
 * @returns the context of the program that is running now
 * @throws RunError when the SDK is too old
 */
export function programContext(): ProgramContext {
  const key = pulumi.runtime.getStackResource() ?? noStack;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = makeContext();
  contexts.set(key, made);
  if (key !== noStack && !made.dryRun && hasOwnProcess()) atEndOfRun(() => settle(made));
  return made;
}
