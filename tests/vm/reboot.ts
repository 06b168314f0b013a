import { setTimeout as sleep } from "node:timers/promises";
import type { Cloud } from "../../tools/lab/cloud.ts";

const DEADLINE_MS = 240_000;

/** Reboots a second later: an agent that the reboot itself ends could not answer that it was told to. */
export const REBOOT = "sync; systemd-run --quiet --on-active=1s --timer-property=AccuracySec=100ms systemctl reboot";

/**
 * Waits until the droplet is up with a boot id that was not seen before, and its first-boot and claim units have settled; adds the id to `seen`.
 *
 * @throws {Error} with the console's end after 240 s
 */
export async function untilUp(cloud: Cloud, id: string, seen: Set<string>): Promise<void> {
  const until = Date.now() + DEADLINE_MS;
  while (Date.now() < until) {
    await sleep(2000);
    const bootId = await cloud
      .exec(id, "systemctl is-active -q ssh && cat /proc/sys/kernel/random/boot_id")
      .catch(() => "");
    if (bootId === "" || seen.has(bootId)) continue;
    seen.add(bootId);
    return;
  }
  throw new Error(
    `expected droplet ${id} to come up again within ${DEADLINE_MS / 1000} s; its console ends:\n${(await cloud.console(id)).slice(-1500)}`,
  );
}
