import { setTimeout as sleep } from "node:timers/promises";
import type { Cloud } from "../../tools/lab/cloud.ts";

/** Against a VM that hangs, not a limit for a slow one: an emulated reboot takes 36 s on two idle processors, 120 s on busy ones. */
const DEADLINE_MS = 480_000;

/** Reboots later: an agent that the reboot itself ends could not answer that it was told to. */
const REBOOT = "sync; systemd-run --quiet --on-active=3s --timer-property=AccuracySec=100ms systemctl reboot";

/**
 * Reboots the droplet and waits until sshd runs under a boot id that was not seen before; adds the id to `seen`. What counts is the new id:
 * on a busy machine the answer to the order itself may come too late, and be lost.
 *
 * @param unit what is active when sshd can be reached
 * @throws {Error} after 480 s, with what the last call said and the console's end
 */
export async function reboot(cloud: Cloud, id: string, seen: Set<string>, unit = "ssh"): Promise<void> {
  const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  let said = await cloud.exec(id, REBOOT).catch(message);
  await sleep(10_000); // a call that the reboot cuts off would be waited for
  for (const until = Date.now() + DEADLINE_MS; Date.now() < until; await sleep(2000)) {
    const bootId = await cloud
      .exec(id, `systemctl is-active ${unit} >&2 && cat /proc/sys/kernel/random/boot_id`)
      .catch((error: unknown) => void (said = message(error)));
    if (bootId === undefined || seen.has(bootId)) continue;
    seen.add(bootId);
    return;
  }
  throw new Error(
    `expected droplet ${id} to come up again within ${DEADLINE_MS / 1000} s; the last call said: ${said.slice(-300)}; its console ends:\n${(await cloud.console(id)).slice(-800)}`,
  );
}
