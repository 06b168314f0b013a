/** What several hosts say of one droplet, as one answer: a single lying host must not put its keys into known_hosts. */
import type { Asked } from "./host-run.ts";
import type { DropletReport } from "./report.ts";

/** `contradiction`: waiting longer cannot help. */
export type Agreed =
  | { kind: "report"; report: DropletReport }
  | { kind: "waiting"; state: string }
  | { kind: "contradiction"; state: string };

/** Order is the VM's own affair. */
const keysOf = ({ sshHostKeys }: DropletReport): string => sshHostKeys.toSorted().join("\n");

/**
 * @param asked every host's answer, in the user's order
 * @param minHosts how many must say the same; fewer only where all have answered and fewer gave it a seed
 */
export function agreedReport(asked: readonly Asked[], minHosts: number): Agreed {
  const reports = asked.flatMap((one) => (one.kind === "report" ? [one.report] : []));
  const unseeded = asked.flatMap((one) => (one.kind === "unseeded" ? [one.report] : []));
  const states = asked.flatMap((one) => ("state" in one ? [one.state] : []));
  if (new Set(reports.map(keysOf)).size > 1) {
    const state =
      "the hosts disagree about its SSH host keys, so one of them is wrong or lies: nothing is trusted; " +
      "compare bootseed vm show at each host";
    return { kind: "contradiction", state };
  }
  const allAnswered = asked.every((one) => one.kind !== "failed");
  const needed = allAnswered ? Math.min(minHosts, asked.length - unseeded.length) : minHosts;
  const [first] = reports;
  if (first !== undefined && reports.length >= needed) return { kind: "report", report: first };
  const [never] = unseeded;
  if (never !== undefined && unseeded.length === asked.length) return { kind: "report", report: never };
  if (first !== undefined) states.unshift(`${reports.length} of ${needed} hosts have its report`);
  return { kind: "waiting", state: states.join("; ") };
}
