/** What `bootseed vm ls` and `vm show` print. Pure: VMs in, text out. */
import { type BindMode, isGone, type Vm } from "@bootseed/protocol";
import { alarmsOf, remarksOf, shortAlarms } from "../droplet/alarms.ts";
import { describeHolder } from "./contests.ts";
import { waitHint } from "./wait-hint.ts";

const CROSS = "✗";
const TICK = "✓";
/** The VM has not said anything yet. */
const OPEN = "…";

/** The three claims that the product makes about a VM, each from the VM's own signed report. */
export interface Marks {
  /** A seed of this VM's own, not spent before, was mixed into the kernel: return code 0. */
  seeded: string;
  /** The kernel was made to reseed, and the verdict says that it counts. */
  reseeded: string;
  /** No SSH host key existed before that. */
  beforeKeys: string;
}

const mark = (good: boolean): string => (good ? TICK : CROSS);

/** @returns ✓, ✗ or … for each claim */
export function marksOf(vm: Vm): Marks {
  if (vm.report === null) return { seeded: OPEN, reseeded: OPEN, beforeKeys: OPEN };
  const { verdict, evidence } = vm.report;
  // Whoever joined brought its report along: nothing is claimed of a first boot that no seed of ours was part of.
  if (vm.joined === true) return { seeded: CROSS, reseeded: mark(evidence.rcReseed === 0), beforeKeys: CROSS };
  return {
    seeded: mark(evidence.rcMix === 0 && !["spent", "no-seed", "failed"].includes(verdict)),
    reseeded: mark(verdict === "reseeded" && evidence.rcReseed === 0),
    beforeKeys: mark(evidence.hostKeysBefore === 0),
  };
}

/** Seconds since 1970 as UTC, to the second. */
const timeOf = (seconds: number | null): string =>
  seconds === null ? "not yet" : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

function topUpOf(vm: Vm): string {
  if (vm.lastTopUp === null) return "never";
  const { counter, at, rcMix, rcReseed } = vm.lastTopUp;
  const errno = rcMix || rcReseed;
  const receipt = rcReseed === null ? "no receipt" : errno ? `errno ${errno}` : "reseeded";
  return `${timeOf(at)} #${counter} ${receipt}`;
}

/** The state, and whatever is out of the ordinary. */
function stateOf(vm: Vm, keysChanged: string): string {
  const remarks = [
    vm.joined === true ? "joined" : "",
    vm.imported === true ? "taken back" : "",
    vm.hostKeysChanged ? keysChanged : "",
    ...shortAlarms(vm),
    (vm.contested ?? []).length > 0 ? "CONTESTED" : "",
    vm.revokedAt === undefined || vm.revokedAt === null ? "" : "REVOKED",
    isGone(vm) ? "gone" : "",
  ];
  return [vm.state, ...remarks].filter((remark) => remark !== "").join(", ");
}

/** Control characters of a name never reach the terminal. */
// oxlint-disable-next-line no-control-regex
const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/**
 * @param vms as the host answered
 * @returns a table with a header, or one sentence when there is nothing to show
 */
export function vmTable(vms: readonly Vm[]): string {
  if (vms.length === 0) return "No VM to show: this host knows none that you may see.\n";
  const rows = vms.map((vm) => {
    const { seeded, reseeded, beforeKeys } = marksOf(vm);
    const state = stateOf(vm, "KEYS CHANGED");
    return [
      clean(vm.name),
      `seeded ${seeded}`,
      `reseeded ${reseeded}`,
      `before keys ${beforeKeys}`,
      vm.sourceClass,
      state,
      topUpOf(vm),
    ];
  });
  return table([["NAME", "SEED", "KERNEL", "ORDER", "SOURCE", "STATE", "LAST TOP-UP"], ...rows]);
}

/** Pulumi's program tells an instance once it is created; all others are known by their claim. */
const NOT_KNOWN: Record<BindMode, string> = { instance: "not created yet", "first-claim": "not claimed yet" };

/** @returns every fact about one VM, one a line */
export function vmDetails(vm: Vm): string {
  const { seeded, reseeded, beforeKeys } = marksOf(vm);
  const report = vm.report;
  const lines: [string, string][] = [
    ["name", clean(vm.name)],
    ["state", stateOf(vm, "host keys CHANGED since the first report")],
    ["claims", `seeded ${seeded}  reseeded ${reseeded}  before keys ${beforeKeys}`],
    ["source class", vm.sourceClass],
    ["seed", vm.seedId],
    ["bound to", vm.bind],
    ["instance", clean(vm.instanceId ?? NOT_KNOWN[vm.bind])],
    ["addresses", clean(vm.addresses.join(" ")) || "none"],
    ...(vm.contested ?? []).map(({ word, others }): [string, string] => [
      "contested",
      clean(`${word}, also of ${others.map(describeHolder).join(", ")}`),
    ]),
    ["urn", clean(vm.urn)],
    ["stack", clean(vm.stack)],
    ["committed", timeOf(vm.committedAt)],
    ["claimed", timeOf(vm.claimedAt)],
    ["reported", timeOf(vm.reportedAt)],
    ["top-ups", `${vm.topUps}, last ${topUpOf(vm)}`],
    ...alarmsOf(vm).map((alarm): [string, string] => ["ALARM", alarm]),
    ...remarksOf(vm).map((remark): [string, string] => ["remark", remark]),
    ...(report?.evidence.remarks ?? []).map((remark): [string, string] => ["remark", clean(remark)]),
    ["verdict", report?.verdict ?? `no report yet${waitHint(clean(vm.stack))}`],
    ...(report === null ? [] : [["evidence", clean(JSON.stringify(report.evidence))] as [string, string]]),
    ...(report?.hostKeys ?? []).map((key): [string, string] => ["host key", clean(key)]),
    ...(vm.changed?.report.hostKeys ?? []).map((key): [string, string] => ["CHANGED to", clean(key)]),
  ];
  return table(lines);
}
