/** What is left to type after a join: each step only while it is still to be done. */
import { statSync } from "node:fs";
import type { Machine } from "./machine.ts";
import type { Services } from "./services.ts";
import { sshdToRestart, sshdUnit } from "./sshd-restart.ts";

/** The agent's, and the kit's. */
export const TIMERS: readonly string[] = ["bootseed-agent-topup.timer", "bootseed-topup.timer"];

export interface After {
  /** New SSH host keys were made. */
  readonly madeKeys: boolean;
  /** The host has the report: the token is not needed again. */
  readonly reported: boolean;
  readonly tokenFile: string;
  readonly nowMs: number;
}

/** @returns command lines, and words where the machine has no systemd to command */
export function nextSteps(machine: Machine, services: Services, after: After): string[] {
  return [...sshd(machine, services, after), ...timer(services), ...token(after)];
}

function sshd(machine: Machine, services: Services, { madeKeys, nowMs }: After): string[] {
  if (madeKeys && services.isActive("ssh.service") === null) return ["restart sshd, so that it shows the new keys"];
  const unit = madeKeys ? sshdUnit(services) : sshdToRestart(machine, services, nowMs);
  return unit === null ? [] : [`systemctl restart ${unit}`];
}

function timer(services: Services): string[] {
  const states = TIMERS.map((unit) => services.isActive(unit));
  if (states.includes(true)) return [];
  if (states.includes(null)) return ["run as root every 15 minutes, as from cron: bootseed-agent topup --due"];
  return ["systemctl enable --now bootseed-mix.socket bootseed-agent-topup.timer"];
}

function token({ reported, tokenFile }: After): string[] {
  if (!reported || statSync(tokenFile, { throwIfNoEntry: false })?.isFile() !== true) return [];
  return [`rm ${quoted(tokenFile)}`];
}

const quoted = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
