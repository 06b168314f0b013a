import { describe, expect, it } from "vitest";
import { ClockedHost } from "./clocked-host.ts";
import { ACTION, EVERYTHING, INJECTOR } from "./fault.ts";
import { GuestDrill, KIT_PROGRAM } from "./guest-drill.ts";
import { chance } from "./replay.ts";

describe.skipIf(!INJECTOR)("the kit, killed", () => {
  it("at random moments of a top-up", async () => {
    const random = chance("kit killed at random");
    await using host = await ClockedHost.start();
    using drill = await GuestDrill.enrolled(host, KIT_PROGRAM);
    await drill.measure();
    const withinMs = await drill.measure();
    process.stderr.write(`${withinMs}\n`);
    for (let i = 0; i < 13; i++) await drill.killAtRandom(random, withinMs);
  });
  it("before every call of a top-up", async () => {
    await using host = await ClockedHost.start();
    using drill = await GuestDrill.enrolled(host, KIT_PROGRAM);
    await drill.topUp();
    const calls = await drill.count(async () => drill.topUp());
    process.stderr.write(calls.map((c) => `${c.pid} ${c.name} ${c.detail}`).join("\n") + "\n");
    for (let at = 1; at <= calls.length; at++) {
      await drill.topUp({ kinds: EVERYTHING, at, action: ACTION.kill });
      expect(drill.fault.fired).toBe(1);
      await drill.recovered();
    }
  });
  it("before every call of the first boot", async () => {
    await using host = await ClockedHost.start();
    using first = await GuestDrill.unseeded(host, KIT_PROGRAM);
    const calls = await first.count(async () => first.boot());
    process.stderr.write(calls.map((c) => `${c.pid} ${c.name} ${c.detail}`).join("\n") + "\n");
    for (let at = 1; at <= calls.length; at += 7) {
      using drill = await GuestDrill.unseeded(host, KIT_PROGRAM);
      await drill.boot({ kinds: EVERYTHING, at, action: ACTION.kill });
      expect(drill.fault.fired).toBe(1);
      expect(drill.state.torn).toEqual([]);
      await drill.boot();
      await drill.recovered();
    }
  });
});
