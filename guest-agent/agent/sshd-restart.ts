/** Whether the sshd that runs still shows host keys that were replaced. */
import { statSync } from "node:fs";
import type { Machine } from "./machine.ts";
import type { Services } from "./services.ts";

/** Debian's name, and its alias, which is the name elsewhere. */
const UNITS = ["ssh.service", "sshd.service"];
/** Of /proc: the kernel counts in this unit on all architectures of Debian. */
const TICKS_PER_SECOND = 100;
/** `starttime` is field 22; the fields after the name, which may have blanks and brackets in it, begin with the third. */
const START_FIELD = 22 - 3;

/** The unit whose main process is sshd; null where each connection starts its own, and where systemd cannot be asked. */
export const sshdUnit = (services: Services): string | null =>
  UNITS.find((unit) => services.isActive(unit) === true) ?? null;

/** @returns the unit whose process started before a host key was made, or null */
export function sshdToRestart(machine: Machine, services: Services, nowMs: number): string | null {
  const unit = sshdUnit(services);
  const pid = unit === null ? null : services.mainPid(unit);
  if (unit === null || pid === null) return null;
  const startedMs = startOf(machine, pid, nowMs);
  const newestKeyMs = Math.max(0, ...machine.hostKeys().map((path) => statSync(path).mtimeMs));
  return startedMs !== null && newestKeyMs > startedMs ? unit : null;
}

function startOf(machine: Machine, pid: number, nowMs: number): number | null {
  const fields = machine.text(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  const upSeconds = Number.parseFloat(machine.text("/proc/uptime"));
  const startSeconds = Number(fields[START_FIELD]) / TICKS_PER_SECOND;
  const ageMs = (upSeconds - startSeconds) * 1000;
  return Number.isFinite(ageMs) ? nowMs - ageMs : null;
}
