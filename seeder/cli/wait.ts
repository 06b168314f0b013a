/** `bootseed wait`: a gate for CI that opens when every VM of a stack has proved its first boot. */
import { BootseedError, currentOf, type Vm } from "@bootseed/protocol";
import { alarmsOf, remarksOf } from "../droplet/alarms.ts";
import { doubtIn } from "../droplet/report.ts";
import { contestObjections } from "./contests.ts";
import { leftOut, replacedBy } from "./gone.ts";
import { lookUp, ofStack, withWord } from "./select.ts";
import { EX_DATAERR, EX_TEMPFAIL, exitCodeOf } from "./sysexits.ts";

export interface WaitOptions {
  /** Those of the stack, or of these names with the others of their places. */
  vms: () => Promise<readonly Vm[]>;
  /** The sentence for a name that no VM of the stack has. */
  unknown?: (name: string) => Promise<string>;
  /** `org/project/stack` */
  stack: string;
  /** Only these VMs; empty: all that the host knows of the stack. */
  names: readonly string[];
  timeoutMs: number;
  /** One line for people. */
  say: (line: string) => void;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

const ASK_AGAIN_MS = 2_000;
/** A host that is away for a moment is waited for; a wrong token or stack is not. */
const PASSING: ReadonlySet<string> = new Set(["unreachable", "unavailable", "timeout", "rate-limited"]);

/** Reasons why a machine that runs does not claim; cloud-init runs the hook from below /var, ssh-keygen makes its identity. */
const NO_CLAIM = "does it have ssh-keygen, can it reach the host, is its /var mounted without noexec";

/** How far a VM got, and what stands between it and the next step. */
export function lastStep({ state, bind, instanceId, joined, report }: Vm, sync: string): string {
  if (report !== null) return "reported";
  if (joined === true) return "joined by a token; its report has not come: run bootseed-agent join again there";
  if (state === "claimed")
    return "claimed its seed; its report has not come: is sshd up there, does it have ssh-keygen?";
  // Nobody ever tells its instance id: there is no state of a stack to tell it from.
  if (bind === "first-claim")
    return `its seed was committed; no machine has claimed it yet: was it booted with this user-data, ${NO_CLAIM}?`;
  if (state === "provisional") return `claimed before its instance id was known here: ${sync}`;
  if (instanceId !== null) return `created as ${instanceId}; it has not claimed its seed: is it up, ${NO_CLAIM}?`;
  return `its seed was committed; the host does not know that it exists: ${sync}`;
}

const isRevoked = ({ revokedAt }: Vm): boolean => typeof revokedAt === "number";

/** Why this VM's keys are not what the product promises. */
function objectionsTo(vm: Vm): string[] {
  if (isRevoked(vm)) return ["it was revoked"];
  const alarms = [
    ...contestObjections(vm),
    ...alarmsOf(vm).map((alarm) => `${alarm} (bootseed vm acknowledge ${vm.name} clears this)`),
  ];
  if (vm.hostKeysChanged) {
    const look = `bootseed vm approve ${vm.name} accepts them after a look`;
    return [...alarms, `it has changed its host keys since its first report (${look})`];
  }
  // No seed of this host was part of the first boot of a machine that joined: nothing was promised of it.
  if (vm.report === null || vm.joined === true) return alarms;
  const { seedId, verdict, hostKeys, evidence } = vm.report;
  const doubt = doubtIn({ schema: 1, seedId, verdict, sshHostKeys: [...hostKeys], evidence: { ...evidence } });
  return doubt === undefined ? alarms : [...alarms, doubt];
}

const seconds = (ms: number): number => Math.round(ms / 1000);

/** The VMs that the gate is about, the newest of each. @throws BootseedError "not-found" */
async function wantedOf(all: readonly Vm[], { stack, names, unknown }: WaitOptions): Promise<Vm[]> {
  if (names.length === 0) return currentOf(ofStack(all, stack));
  const current = currentOf(all.filter((vm) => vm.stack === stack));
  const found = names.map((name) => [name, lookUp(current, name) ?? withWord(current, name)] as const);
  const lost = found.find(([, vm]) => vm === undefined);
  if (lost !== undefined)
    throw new BootseedError("not-found", (await unknown?.(lost[0])) ?? `no VM of ${stack} is called ${lost[0]}`);
  return found.flatMap(([, vm]) => vm ?? []);
}

/** @param say prints each line one time, however often it is seen @returns 65 when something speaks against a VM, whether or not it has reported */
function judge(vms: readonly Vm[], say: WaitOptions["say"]): 0 | typeof EX_DATAERR {
  const bad = vms.flatMap((vm) => objectionsTo(vm).map((why) => `${vm.name}: ${why}; see bootseed vm show`));
  const remarks = (vm: Vm): string[] => [...remarksOf(vm), ...(vm.report?.evidence.remarks ?? [])];
  for (const vm of vms) for (const remark of remarks(vm)) say(`${vm.name}: ${remark}`);
  for (const line of bad) say(line);
  return bad.length === 0 ? 0 : EX_DATAERR;
}

function allReported(vms: readonly Vm[]): string {
  const joined = vms.filter((vm) => vm.joined === true).length;
  const all = `all ${vms.length} VMs have reported`;
  if (joined === 0) return `${all}, reseeded before their first key`;
  const rest = joined === vms.length ? "" : `; the other ${vms.length - joined} were reseeded before their first key`;
  return `${all}; ${joined} joined by a token: nothing is claimed of the keys they had${rest}`;
}

function once(say: WaitOptions["say"]): WaitOptions["say"] {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
}

/**
 * What speaks against a VM is printed as soon as it is seen. A VM that was revoked is not waited for.
 *
 * @returns 0 when all have reported and nothing speaks against one; 65 when something does, also when the time is over; 75 when the time is
 * over and a VM has not reported; the host's own failure when it was away at the end
 * @throws BootseedError "not-found" (no such stack or VM), "forbidden", "usage"
 */
export async function waitForStack(options: WaitOptions): Promise<number> {
  const { stack, names, timeoutMs, say, now, sleep } = options;
  const sync = `bootseed sync --stack ${stack}`;
  const start = now();
  const sayOnce = once(say);
  let shown = "";
  for (;;) {
    let [line, code, open]: [string, number, Vm[]] = ["", EX_TEMPFAIL, []];
    try {
      const all = await options.vms();
      const vms = await wantedOf(all, options);
      if (names.length === 0 && shown === "")
        for (const remark of [...leftOut(ofStack(all, stack)), ...replacedBy(vms, ofStack(all, stack))]) say(remark);
      open = vms.filter((vm) => vm.report === null && !isRevoked(vm));
      const verdict = judge(vms, sayOnce);
      if (open.length === 0) {
        if (verdict === 0) say(allReported(vms));
        return verdict;
      }
      code = verdict === 0 ? EX_TEMPFAIL : verdict;
      const steps = open.slice(0, 3).map((vm) => `${vm.name} ${vm.state}`);
      const more = open.length > steps.length ? ` and ${open.length - steps.length} more` : "";
      line = `${vms.length - open.length} of ${vms.length} have reported; waiting for ${steps.join(", ")}${more}`;
    } catch (error) {
      if (!(error instanceof BootseedError) || !PASSING.has(error.code)) throw error;
      [line, code] = [error.message, exitCodeOf(error)];
    }
    const waited = now() - start;
    if (waited >= timeoutMs) {
      if (open.length === 0) say(line);
      for (const vm of open) say(`${vm.name}: no report in ${seconds(timeoutMs)} s; last known: ${lastStep(vm, sync)}`);
      return code;
    }
    if (line !== shown) say(`${line} (${seconds(waited)} of ${seconds(timeoutMs)} s)`);
    shown = line;
    await sleep(Math.min(ASK_AGAIN_MS, timeoutMs - waited));
  }
}
