/** New keys for sshd, made by a generator that was just reseeded. */
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import type { Machine } from "./machine.ts";
import { sshKeygen } from "./machine.ts";

/** Name of a folder of old keys in /etc/ssh; the group is when they were replaced, UTC to the second. */
export const ASIDE: RegExp = /^bootseed-old-(\d{8}T\d{6})$/;

/**
 * Moves the old keys aside and lets ssh-keygen make one of each kind. Running sessions stay; sshd has to be restarted.
 * @returns the folder of the old keys
 */
export function newHostKeys(machine: Machine, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\..*/g, "");
  const aside = `/etc/ssh/bootseed-old-${stamp}`;
  const folder = machine.at("/etc/ssh");
  mkdirSync(machine.at(aside), { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder))
    if (/^ssh_host_.*key(\.pub)?$/.test(name)) renameSync(`${folder}/${name}`, `${machine.at(aside)}/${name}`);
  sshKeygen(machine.root === "" ? ["-A"] : ["-A", "-f", machine.root]);
  return aside;
}
