/** The host killed: few times for every run, often for the long one. */
import { describe, expect, it } from "vitest";
import { INJECTOR } from "./fault.ts";
import { HostDrill } from "./host-kill.ts";
import { chance } from "./replay.ts";
import { HOST_STATE, unsynced } from "./unsynced.ts";

export type Size = {
  /** Kills at random moments. */
  readonly random: number;
  /** Calls before each of which it is killed once, CALL of fault.ts. */
  readonly kinds: number;
  /** The same, of an orderly stop: it checkpoints the whole log. */
  readonly stopKinds: number;
};

const note = (drill: HostDrill, what: string): void => {
  const slowest = drill.slowestRestartMs.toFixed(0);
  process.stderr.write(`${what}: ${drill.restarts} starts, the slowest answered after ${slowest} ms\n`);
};

export function hostKillSuite({ random: times, kinds, stopKinds }: Size): void {
  describe.skipIf(!INJECTOR)("a host that is killed", () => {
    it("at random moments of four VMs' claims and deliveries, keeps every promise", async () => {
      const random = chance("host killed at random");
      await using drill = await HostDrill.start();
      await drill.measure();
      const withinMs = await drill.measure();
      for (let i = 0; i < times; i++) await drill.killAtRandom(random, withinMs);
      note(drill, `${times} kills at random moments of ${withinMs.toFixed(0)} ms`);
      expect(drill.books.packets).toBeGreaterThanOrEqual(times);
    });

    it("before each call of a VM's life, keeps every promise", async () => {
      await using drill = await HostDrill.start();
      await drill.count(kinds);
      const calls = await drill.count(kinds);
      let kills = 0;
      for (let at = 1; at <= calls; at++) if (await drill.killAt(at, kinds)) kills++;
      note(drill, `${kills} kills before each of ${calls} calls`);
      // Shared commits and TLS flights make the number vary by a few.
      expect(kills).toBeGreaterThan(calls - 5);
    });

    it("before each call of its start and of its orderly stop, starts again", async () => {
      await using drill = await HostDrill.start();
      await drill.measure();
      let [starting, stopping] = [0, 0];
      while (await drill.killStarting(starting + 1, kinds)) starting++;
      while (await drill.killStopping(stopping + 1, stopKinds)) stopping++;
      note(drill, `${starting} kills of starts, ${stopping} of stops`);
      expect([starting > 0, stopping > 0]).toEqual([true, true]);
    });

    it("would lose nothing with the power: no answer leaves before its commit is synced", async () => {
      await using drill = await HostDrill.start();
      drill.fault.forget();
      await drill.measure();
      const calls = drill.fault.calls();
      const commits = calls.filter(({ name, detail }) => name === "sync" && HOST_STATE(detail));
      expect(commits.length).toBeGreaterThan(4);
      expect(unsynced(calls, ["send"], HOST_STATE)).toEqual([]);
    });
  });
}
