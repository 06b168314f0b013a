/** What `bootseed vm show` prints. Pure: a VM in, text out. */
import { type BindMode, isGone, listedState, type Vm } from "@bootseed/protocol";
import { alarmsOf, remarksOf, shortAlarms } from "../droplet/alarms.ts";
import { describeHolder } from "./contests.ts";
import { columns } from "./listing/columns.ts";
import { marksOf } from "./listing/marks.ts";
import { waitHint } from "./wait-hint.ts";

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
function stateOf(vm: Vm): string {
  const remarks = [
    vm.joined === true ? "joined" : "",
    vm.imported === true ? "taken back" : "",
    vm.hostKeysChanged ? "host keys CHANGED since the first report" : "",
    ...shortAlarms(vm),
    (vm.contested ?? []).length > 0 ? "CONTESTED" : "",
    listedState(vm) === "revoked" ? "REVOKED" : "",
    isGone(vm) ? "gone" : "",
  ];
  return [vm.state, ...remarks].filter((remark) => remark !== "").join(", ");
}

/** Control characters of a name never reach the terminal. */
// oxlint-disable-next-line no-control-regex
const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** Pulumi's program tells an instance once it is created; all others are known by their claim. */
const NOT_KNOWN: Record<BindMode, string> = { instance: "not created yet", "first-claim": "not claimed yet" };

function minterOf({ client, joined, imported, urn }: Vm): string {
  if (joined === true) return "no seed: it joined by a token";
  if (client === undefined) return "not told: this host is of an older version";
  if (client !== null) return clean(client);
  return imported === true && urn === ""
    ? "not known: taken back by its certificate"
    : "another client: only an admin is told which";
}

/** @returns every fact about one VM, one a line */
export function vmDetails(vm: Vm): string {
  const { seeded, reseeded, beforeKeys } = marksOf(vm);
  const report = vm.report;
  const lines: [string, string][] = [
    ["name", clean(vm.name)],
    ["state", stateOf(vm)],
    ["claims", `seeded ${seeded}  reseeded ${reseeded}  before keys ${beforeKeys}`],
    [
      "source class",
      vm.imported === true && vm.urn === "" ? `${vm.sourceClass} (not known: taken back)` : vm.sourceClass,
    ],
    ["minted by", minterOf(vm)],
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
  return columns(lines);
}
