/** What a droplet's report is in the Pulumi state: the value of its Stash, public, versioned, and never undefined. */
import { BootseedError, type CreatedVm } from "@bootseed/protocol";
import { hostKeyOf } from "./known-hosts.ts";

/** What the VM has proved about itself, as it lies in the state. */
export interface DropletReport {
  schema: 1;
  /** 32 hex digits; empty for a droplet that was created without a seed. */
  seedId: string;
  /** `reseeded` is the good one; `unseeded` when there was no seed. */
  verdict: string;
  /** OpenSSH public key lines without comments. */
  sshHostKeys: string[];
  /** The report's evidence with instance, boot and versions; empty without a report. */
  evidence: Record<string, unknown>;
}

/** Stands in for a report that has not come; the Stash's hook refuses to store it. */
export interface NoReport {
  schema: 1;
  /** Why there is none. */
  missing: string;
}

/** @param missing why there is no report */
export const noReport = (missing: string): NoReport => ({ schema: 1, missing });

/** The reason in a placeholder, or undefined for anything that is a report. */
export function missingIn(value: unknown): string | undefined {
  if (value === null || typeof value !== "object") return "no report";
  const { missing } = value as { missing?: unknown };
  return typeof missing === "string" ? missing : undefined;
}

/**
 * The stored form of the host's answer about one droplet.
 *
 * @param vm the host's answer; without a report and without a seed it is an unseeded droplet
 * @param instanceId of the droplet in Pulumi's state: a report of another instance is refused
 * @throws BootseedError "mismatch" when the report is about another instance, "malformed" when it holds no host key
 */
export function reportOf(vm: CreatedVm, droplet: { instanceId: string; name: string }): DropletReport {
  const { report } = vm;
  if (report === null) return { schema: 1, seedId: "", verdict: "unseeded", sshHostKeys: [], evidence: {} };
  if (report.instanceId !== droplet.instanceId) {
    const got = `the report is about instance ${report.instanceId}, and ${droplet.name} is ${droplet.instanceId}`;
    throw new BootseedError("mismatch", `${got}: look at bootseed vm show ${droplet.name}`);
  }
  const sshHostKeys = report.hostKeys.map(hostKeyOf).filter((key) => key !== undefined);
  if (sshHostKeys.length === 0) {
    throw new BootseedError("malformed", `the report of ${droplet.name} holds no host key: is sshd installed there?`);
  }
  const { instanceId, bootId, versions } = report;
  const evidence = { ...report.evidence, instanceId, bootId, versions };
  return { schema: 1, seedId: report.seedId, verdict: report.verdict, sshHostKeys, evidence };
}

/**
 * Why this report is no proof that the host keys depend on the seed, or undefined when it is one. Its keys are authentic all the same: the
 * machine that was given the seed signed them.
 */
export function doubtIn({ verdict, evidence }: DropletReport): string | undefined {
  if (verdict === "unseeded") return undefined; // it never had a seed and nothing is claimed of it
  if (verdict !== "reseeded") return `its verdict is ${verdict}, not reseeded`;
  if (evidence["hostKeysBefore"] !== 0)
    return `${String(evidence["hostKeysBefore"])} SSH host keys were there before the seed, or were not made on this VM`;
  return evidence["gate"] === "warned" ? "its gate gave up and only warned" : undefined;
}
