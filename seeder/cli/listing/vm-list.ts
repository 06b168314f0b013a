/**
 * The table of `bootseed vm ls`: at most 100 columns, whatever the names are, on a terminal and in a pipe alike. One
 * heading for each stack; what is out of the ordinary stands on a line of its own below its VM.
 */
import { isGone, LISTED_STATES, listedState, type Vm } from "@bootseed/protocol";
import { shortAlarms } from "../../droplet/alarms.ts";
import { ageOf } from "./age.ts";
import { ascii, columns, shortened, widthsOf } from "./columns.ts";
import { LEGEND, marksOf } from "./marks.ts";
import { sortedVms } from "./order.ts";

/** Columns of a terminal that every line fits in. */
const WIDTH = 100;
const GAP = 2;
/** Of a name, however wide the other columns are. */
const LEAST_NAME = 12;
const MOST_TOP_UP = 14;

const HEAD = ["NAME", "SEED ID", "S R K", "SOURCE", "STATE", "TOP-UP"];
const SOURCES: Record<Vm["sourceClass"], string> = {
  chained: "chained",
  "physical-conditioned": "conditioned",
  "physical-raw": "raw",
};

const shout = (state: string): string => (state === "revoked" ? "REVOKED" : state);

function stateCell(vm: Vm): string {
  const letters = `${vm.joined === true ? "j" : ""}${vm.imported === true ? "t" : ""}`;
  return `${shout(listedState(vm))}${letters === "" ? "" : ` ${letters}`}`;
}

function topUpCell({ lastTopUp }: Vm, now: number): string {
  if (lastTopUp === null) return "never";
  const { at, counter, receiptAt } = lastTopUp;
  return shortened(`${ageOf(now - at)} ago #${counter}${receiptAt === null ? "?" : ""}`, MOST_TOP_UP);
}

function cellsOf(vm: Vm, now: number): string[] {
  const { seeded, reseeded, beforeKeys } = marksOf(vm);
  const marks = `${seeded} ${reseeded} ${beforeKeys}`;
  return [ascii(vm.name), vm.seedId, marks, SOURCES[vm.sourceClass], stateCell(vm), topUpCell(vm, now)];
}

/** What is out of the ordinary, a few words each; empty where nothing is. */
export function notesOf(vm: Vm): string[] {
  const errno = vm.lastTopUp === null ? 0 : vm.lastTopUp.rcMix || vm.lastTopUp.rcReseed || 0;
  return [
    vm.hostKeysChanged ? "KEYS CHANGED" : "",
    ...shortAlarms(vm),
    (vm.contested ?? []).length > 0 ? "CONTESTED" : "",
    listedState(vm) === "revoked" && isGone(vm) ? "gone" : "",
    errno === 0 ? "" : `the kernel refused top-up #${vm.lastTopUp?.counter}: errno ${errno}`,
  ].filter((note) => note !== "");
}

/** Lines of at most {@link WIDTH} columns, one for as many notes as fit. */
function noteLines(vm: Vm, name: string): string {
  const lines: string[] = [];
  for (const note of notesOf(vm)) {
    const longer = lines.length === 0 ? undefined : `${lines.at(-1)}, ${note}`;
    if (longer !== undefined && longer.length <= WIDTH) lines.splice(-1, 1, longer);
    else lines.push(`  ! ${name}: ${note}`);
  }
  return lines.map((line) => `${shortened(line, WIDTH)}\n`).join("");
}

const heading = (stack: string): string =>
  shortened(stack === "" ? "no stack: taken back by a certificate" : `stack ${ascii(stack)}`, WIDTH);

/** @example "3 VMs: 2 reported, 1 gone" */
export function countLine(vms: readonly Vm[]): string {
  const counts = LISTED_STATES.map((state) => [state, vms.filter((vm) => listedState(vm) === state).length] as const);
  const parts = counts.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  return `${vms.length} ${vms.length === 1 ? "VM" : "VMs"}: ${parts.join(", ")}`;
}

function legend(vms: readonly Vm[], isShortened: boolean): string {
  const lines = [
    LEGEND,
    vms.some(({ joined }) => joined === true) ? "j joined by a token" : "",
    vms.some(({ imported }) => imported === true) ? "t taken back by its certificate" : "",
    vms.some(({ lastTopUp }) => lastTopUp !== null && lastTopUp.receiptAt === null) ? "#N? no receipt yet" : "",
    isShortened ? "… in a name: shortened, --json has it whole" : "",
  ].filter((line) => line !== "");
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * @param vms to show; their order does not matter
 * @param now by the host's clock, seconds since 1970
 * @param why there may be none: only some of the host's VMs were asked for; there are others, which are gone
 * @returns a table with its legend and counts, or one sentence when there is nothing to show
 */
export function vmTable(
  vms: readonly Vm[],
  now: number,
  { isFiltered = false, hasGone = false }: { isFiltered?: boolean; hasGone?: boolean } = {},
): string {
  if (vms.length === 0 && hasGone) return "No VM to show but those that are gone: --all shows them.\n";
  if (vms.length === 0 && isFiltered) return "No VM fits what was asked for.\n";
  if (vms.length === 0) return "No VM to show: this host knows none that you may see.\n";
  const sorted = sortedVms(vms);
  const rows = sorted.map((vm) => cellsOf(vm, now));
  const widths = widthsOf([HEAD, ...rows]);
  const [longest = 0, ...others] = widths;
  const room = WIDTH - others.reduce((sum, width) => sum + width + GAP, 0);
  const name = Math.min(longest, Math.max(LEAST_NAME, room));
  const all = [name, ...others];
  let text = "";
  let stack: string | undefined;
  for (const [at, vm] of sorted.entries()) {
    const [full = "", ...cells] = rows[at] ?? [];
    if (vm.stack !== stack) text += `${stack === undefined ? "" : "\n"}${heading(vm.stack)}\n${columns([HEAD], all)}`;
    stack = vm.stack;
    const short = shortened(full, name);
    text += columns([[short, ...cells]], all) + noteLines(vm, short);
  }
  return `${text}\n${legend(vms, longest > name)}${countLine(vms)}\n`;
}
