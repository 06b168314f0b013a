/** POST /v1/reports: the VM's SSH host keys, signed by the identity that won the seed and by each host key. */
import { equalConstantTime, fromHex, instanceIdHash, parseReport, toHex, verifyReport } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";
import type { Pace } from "./pace.ts";
import { empty, Limited, Refused } from "./refuse.ts";

/** One comes with each boot, and with each try until it is heard. */
export const REPORTS_PER_HOUR = 30;

/** @throws Refused, BootseedError: answered with the identical 403 */
export function handleReport(context: HostContext, pace: Pace, bytes: Uint8Array): Response {
  const { identity, store, log } = context;
  const parsed = parseReport(bytes);
  const { report } = parsed;
  if (report.hostId !== toHex(identity.hostId)) throw new Refused("report for another host", "mismatch");
  const seedId = fromHex(report.seedId, 16);
  const enrolment = store.enrolments.get(seedId);
  if (enrolment === null) throw new Refused("report of a VM that is not enrolled", "not-enrolled");
  if (enrolment.revokedAt !== null) throw new Refused("report of a revoked VM", "revoked");
  verifyReport(parsed, enrolment.identityPk);
  if (!equalConstantTime(instanceIdHash(report.instanceId), enrolment.instanceHash)) {
    throw new Refused("report from another instance than the one enrolled", "instance");
  }
  // Accepted as the first, it would make the VM's real keys "changed" for ever. The VM reports again when it has a key.
  if (report.hostKeys.length === 0) throw new Refused("report without an SSH host key", "no-host-key");
  // After the proof: nobody else can use up a VM's share.
  if (!pace.admit(seedId, context.now())) throw new Limited("more reports than one VM may send", seedId);
  const json = new TextDecoder().decode(parsed.json);
  let outcome;
  try {
    outcome = store.reports.accept({ seedId, json, hostKeys: report.hostKeys, now: context.now() });
  } catch (error) {
    // A full disk is our trouble, and costs the VM nothing.
    pace.giveBack(seedId);
    throw error;
  }
  store.push.seen(seedId, context.now());
  const fields = { seedId: report.seedId, instanceId: report.instanceId, verdict: report.verdict };
  if (outcome === "changed") log.warn(fields, "host keys changed since the first report: not in known_hosts");
  else if (report.verdict !== "reseeded")
    log.warn(fields, "report: the kernel's generator is not proven to be reseeded");
  else log.info(fields, "report");
  return empty(204);
}
