import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ClockedHost } from "./clocked-host.ts";
import { CLOCKS, DAY, FAKETIME, FakedClock, HOUR } from "./faketime.ts";
import { INJECTOR } from "./fault.ts";
import { GuestDrill } from "./guest-drill.ts";
import { HostDrill } from "./host-kill.ts";
import { PROGRAMS } from "./programs.ts";

/** One after the other, seconds away from the true time. */
const JUMPS = [0, HOUR, -HOUR, 400 * DAY, 0, -730 * DAY, 400 * DAY, -HOUR, -730 * DAY, 0];
/** Of the statement in these drills. */
const DUE_SECONDS = 6 * HOUR * 0.9;

describe.skipIf(!CLOCKS || !INJECTOR)("a clock that is wrong", () => {
  it("at the host, while it runs: locks no VM out, and uses no counter twice", async () => {
    using clock = new FakedClock();
    await using drill = await HostDrill.start([FAKETIME], undefined, clock.env);
    const crowd = drill.crowd();
    await drill.recovered(crowd);
    for (const [i, jump] of JUMPS.entries()) {
      clock.set(jump);
      expect(await timeOf(drill)).toBeCloseTo(Date.now() / 1000 + jump, -2);
      // Every VM that was enrolled under another clock, and some that come under this one.
      const before = JUMPS[i - 1] ?? 0;
      const allowed = jump < before || jump - before >= 3 * HOUR;
      for (const vm of crowd) {
        const status = await vm.topUp();
        if (allowed) expect([jump, status]).toEqual([jump, 200]);
      }
      const young = drill.crowd(1);
      await drill.recovered(young);
      crowd.push(...young);
    }
    await drill.host.stop("SIGKILL");
    await drill.restart();
    expect(await drill.books.missing(drill.host)).toEqual([]);
  });

  it("at the host, in the middle of a claim: an hour is nothing, 400 days wait until it is set right", async () => {
    using clock = new FakedClock();
    for (const jump of [HOUR, -HOUR, -730 * DAY, 400 * DAY]) {
      await using drill = await HostDrill.start([FAKETIME], undefined, clock.env);
      const [vm] = drill.crowd(1);
      if (vm === undefined) throw new Error("no VM");
      await vm.live("claim");
      clock.set(jump);
      const statuses = await vm.live();
      // A commit of 400 days ago: an operator decides, or the clock does.
      if (jump > DAY) expect([vm.done, statuses]).toEqual([false, [202]]);
      clock.set(0);
      await vm.live();
      expect(vm.done, vm.at).toBe(true);
    }
  });

  for (const program of PROGRAMS) {
    it(`at the ${program.name}: no delivery is missed, nothing is accepted twice`, async () => {
      await using host = await ClockedHost.start();
      using drill = await GuestDrill.enrolled(host, program);
      let skipped = 0;
      for (const jump of JUMPS) {
        const counter = join(drill.keep, drill.folder, "counter");
        const last = drill.guest.state("counter") === null ? -Infinity : statSync(counter).mtimeMs / 1000;
        const age = Date.now() / 1000 + jump - last;
        const before = drill.accepted.length;
        const { code, output } = await drill.timer(jump);
        const due = age < 0 || age >= DUE_SECONDS;
        expect([jump, code, drill.accepted.length - before], output).toEqual([jump, 0, due ? 1 : 0]);
        if (!due) skipped++;
      }
      // An hour after a delivery nothing is due: the rule is there.
      expect(skipped).toBeGreaterThan(0);
      await drill.recovered();
    });
  }
});

/** The host's own clock, as its log tells it. */
async function timeOf(drill: HostDrill): Promise<number> {
  const [vm] = drill.crowd(1);
  const times = (): string[] => [...drill.host.log.matchAll(/"time":"([^"]+)"/g)].map(([, time = ""]) => time);
  const before = times().length;
  await vm?.live("commit");
  // The answer may be here before the log's line.
  while (times().length === before) await new Promise((resolve) => setTimeout(resolve, 10));
  return Date.parse(times().at(-1) ?? "") / 1000;
}
