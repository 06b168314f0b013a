import { describe, expect, it } from "vitest";
import { INJECTOR } from "./fault.ts";
import { HostDrill } from "./host-kill.ts";
import { chance } from "./replay.ts";

describe.skipIf(!INJECTOR)("a host that is killed", () => {
  it("at random moments of four VMs' claims and deliveries", async () => {
    const random = chance("host killed at random");
    await using drill = await HostDrill.start();
    await drill.measure();
    const withinMs = await drill.measure();
    for (let i = 0; i < 14; i++) await drill.killAtRandom(random, withinMs);
    process.stderr.write(
      `${drill.restarts} starts, slowest ${drill.slowestRestartMs.toFixed(0)} ms, work ${withinMs.toFixed(0)} ms\n`,
    );
    expect(drill.books.packets).toBeGreaterThanOrEqual(14);
  });

  it("before calls of a VM's life", async () => {
    await using drill = await HostDrill.start();
    await drill.count();
    const calls = await drill.count();
    process.stderr.write(`${calls} calls\n`);
    process.stderr.write(
      drill.fault
        .calls()
        .slice(-calls)
        .map((c) => `${c.name} ${c.detail}`)
        .join("\n"),
    );
    for (let at = 1; at <= calls; at += 12) await drill.killAt(at);
    process.stderr.write(`${drill.restarts} starts, slowest ${drill.slowestRestartMs.toFixed(0)} ms\n`);
  });
});
