/** A guest's program killed: few times for every run, often for the long one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClockedHost } from "./clocked-host.ts";
import { ACTION, EVERYTHING, INJECTOR } from "./fault.ts";
import { GuestDrill } from "./guest-drill.ts";
import type { Program } from "./kit-program.ts";
import { mixes } from "./kernel-log.ts";
import { chance } from "./replay.ts";
import { GUEST_STATE, unsynced } from "./unsynced.ts";

export type Size = {
  /** Kills at random moments. */
  readonly random: number;
  /** Calls before each of which it is killed once. */
  readonly kinds: number;
};

/** Counts `kinds`, strikes nowhere. */
const counting = (kinds: number): { kinds: number; at: number; action: number } => ({ kinds, at: 0, action: 0 });

export function guestKillSuite(program: Program, { random: times, kinds }: Size): void {
  describe.skipIf(!INJECTOR)(`the ${program.name}, killed`, () => {
    let host: ClockedHost;
    beforeAll(async () => void (host = await ClockedHost.start()));
    afterAll(async () => host[Symbol.asyncDispose]());

    it("at random moments of a top-up, tops up the next time", async () => {
      const random = chance(`${program.name} killed at random`);
      using drill = await GuestDrill.enrolled(host, program);
      const withinMs = Math.min(await drill.measure(), await drill.measure(), await drill.measure());
      let unfinished = 0;
      for (let i = 0; i < times; i++) if (await drill.killAtRandom(random, withinMs)) unfinished++;
      process.stderr.write(
        `${program.name}: ${unfinished} of ${times} kills within ${withinMs.toFixed(0)} ms of work\n`,
      );
      expect(unfinished).toBeGreaterThan(times / 4);
    });

    it("before each call of a top-up, tops up the next time", async () => {
      using drill = await GuestDrill.enrolled(host, program);
      await drill.topUp();
      const calls = await drill.count(async () => drill.topUp(counting(kinds)));
      for (let at = 1; at <= calls; at++) {
        await drill.topUp({ kinds, at, action: ACTION.kill });
        expect(drill.fault.fired, `call ${at} was never made`).toBe(1);
        await drill.recovered();
      }
      process.stderr.write(`${program.name}: killed before each of ${calls} calls of a top-up\n`);
    });

    it("would lose nothing with the power: nothing is mixed on a counter that is not synced", async () => {
      using drill = await GuestDrill.enrolled(host, program);
      await drill.topUp(counting(EVERYTHING));
      const calls = drill.fault.calls();
      expect(mixes(calls).filter(({ counter }) => counter !== null).length).toBe(1);
      expect(unsynced(calls, ["mix", "send"], GUEST_STATE)).toEqual([]);
    });
  });
}

/** The first boot, which is always the kit's. */
export function firstBootSuite(program: Program, kinds: number): void {
  describe.skipIf(!INJECTOR)("the first boot, killed", () => {
    it("before each of its calls, is enrolled at the next boot, the seed credited at most once", async () => {
      await using host = await ClockedHost.start();
      using whole = await GuestDrill.unseeded(host, program);
      const calls = await whole.count(async () => whole.boot(counting(kinds)));
      for (let at = 1; at <= calls; at++) {
        using drill = await GuestDrill.unseeded(host, program);
        await drill.boot({ kinds, at, action: ACTION.kill });
        expect(drill.fault.fired, `call ${at} was never made`).toBe(1);
        expect(drill.state.torn).toEqual([]);
        await drill.boot();
        await drill.recovered();
      }
      process.stderr.write(`killed before each of ${calls} calls of a first boot\n`);
    });

    it("would lose nothing with the power: burnt before it is credited, identity kept before it is shown", async () => {
      await using host = await ClockedHost.start();
      using drill = await GuestDrill.unseeded(host, program);
      await drill.boot(counting(EVERYTHING));
      expect(drill.credited.length).toBe(1);
      expect(unsynced(drill.fault.calls(), ["mix", "send"], GUEST_STATE)).toEqual([]);
    });
  });
}
