/** libfiu lets syncs of a running host fail; VMs ask until they are done. */
import { execFileSync } from "node:child_process";
import { expect } from "vitest";
import type { HostDrill } from "./host-kill.ts";

const SYNCS = ["posix/io/sync/fsync", "posix/io/sync/fdatasync"];
const PROBABILITY = 0.2;
/** With one sync in five failing, nobody needs so many tries. */
const MAX_TRIES = 60;

function control(drill: HostDrill, command: (name: string) => string): void {
  const commands = SYNCS.flatMap((name) => ["-c", command(name)]);
  execFileSync("fiu-ctrl", ["-f", drill.fault.pipes, ...commands, String(drill.host.pid)]);
}

/**
 * VMs live until `atLeast` requests were made; then the disk heals, the host is killed, and every promise is looked up.
 * @returns requests made, and syncs that failed
 */
export async function syncsFail(drill: HostDrill, atLeast: number): Promise<{ made: number; failures: number }> {
  control(drill, (name) => `enable_random name=${name},probability=${PROBABILITY},failinfo=5`);
  let made = 0;
  const others = new Set<number>();
  const crowds = [];
  while (made < atLeast) {
    const crowd = drill.crowd();
    crowds.push(...crowd);
    for (let tries = 0; tries < MAX_TRIES && !crowd.every((vm) => vm.done); tries++) {
      const statuses = (await Promise.all(crowd.map((vm) => vm.live()))).flat();
      made += statuses.length;
      for (const status of statuses) if (status > 299 || status < 200) others.add(status);
      if (!drill.host.alive) throw new Error(`the host ended: ${drill.host.log.slice(-2000)}`);
    }
    expect(
      crowd.every((vm) => vm.done),
      crowd.map((vm) => vm.at).join(", "),
    ).toBe(true);
  }
  control(drill, (name) => `disable name=${name}`);
  expect([...others]).toEqual([503]);
  const failures = drill.fault.calls().filter(({ name }) => name === "failed").length;
  await drill.host.stop("SIGKILL");
  await drill.restart();
  expect(await drill.books.missing(drill.host)).toEqual([]);
  // The second packet of the burst: the VM was not locked out.
  const [first] = crowds;
  expect(await first?.topUp()).toBe(200);
  return { made, failures };
}
