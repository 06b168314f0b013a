/** What this machine has of each host, and why the last top-up failed. */
import type { HostStatus } from "../verbs/status.ts";
import { bad, type Check, ok, warn } from "./check.ts";

/** Intervals without a delivery after which it is more than a host that is away. */
const STALE_INTERVALS = 2;
/** The enrolment brought bytes of its own; the timers look every 15 to 20 minutes. */
const FIRST_DELIVERY_MS = 3_600_000;

const FIXES: Record<string, string> = {
  pin: "the host shows a certificate that no statement names: ask its operator for `bootseed-host statement`",
  "http-403": "the host refuses this machine: look there for `bootseed vm show`; revoked, or join again",
  "http-429": "over the host's quota: wait",
  instance: "this disk is a copy of another machine's: bootseed-agent join",
};

export function hostChecks(hosts: readonly (readonly [string, HostStatus])[], nowMs: number): Check[] {
  if (hosts.length === 0)
    return [bad("hosts", "none known: never seeded, never joined", "bootseed-agent join --token-file F")];
  return hosts.flatMap(([hostId, host]) => {
    const name = `host ${hostId}`;
    const damaged = host.damaged.map((file) =>
      file === "counter" || file === "topup.json"
        ? warn(name, `${file} is damaged`, "the next top-up puts it aside and goes on")
        : bad(name, `${file} is damaged or gone`, "bootseed-agent join --token-file F"),
    );
    if (!host.enrolled) return [...damaged, bad(name, "not enrolled", "bootseed-agent join --token-file F")];
    if (host.otherInstance !== null) {
      const why = `enrolment belongs to another instance (SHA-256 ${host.otherInstance}…), of which this disk is a copy`;
      return [...damaged, bad(name, why, "bootseed-agent generalize, or bootseed-agent join --token-file F")];
    }
    return [...damaged, freshness(name, host, nowMs), ...refusals(name, host)];
  });
}

function freshness(name: string, host: HostStatus, nowMs: number): Check {
  const { lastAt, enrolledAt, intervalMs, counter, topUp } = host;
  const fix = "bootseed-agent topup: it says what stands in the way";
  if (lastAt === null && enrolledAt !== null && Math.abs(nowMs - enrolledAt) < FIRST_DELIVERY_MS)
    return ok(name, `enrolled at ${new Date(enrolledAt).toISOString()}; the timer brings the first delivery`);
  if (lastAt === null) return warn(name, "no delivery yet", fix);
  const when = new Date(lastAt).toISOString();
  if (nowMs < lastAt) return warn(name, `last delivery ${when}, in the future: the clock was set`, fix);
  if (nowMs - lastAt > STALE_INTERVALS * (intervalMs ?? 0)) return bad(name, `last delivery ${when}: stale`, fix);
  const { rcMix, rcReseed } = (topUp["last"] ?? {}) as { rcMix?: unknown; rcReseed?: unknown };
  if (rcMix === 0 && rcReseed === 0) return ok(name, `delivery ${counter} at ${when}, mixed and reseeded`);
  const why = `delivery ${counter} at ${when} was not mixed: codes ${String(rcMix)}, ${String(rcReseed)}`;
  return bad(name, why, "see the line `helper`");
}

/** Counts only ever grow: old trouble is a warning, the line above says whether it is over. */
function refusals(name: string, { topUp }: HostStatus): Check[] {
  return Object.entries(topUp)
    .filter(([code]) => code !== "last")
    .map(([code, count]) => {
      const fix =
        FIXES[code] ??
        (code.startsWith("state-") ? "the file is kept as .corrupt" : "journalctl -u bootseed-agent-topup");
      return warn(name, `refused ${String(count)} times: ${code}`, fix);
    });
}
