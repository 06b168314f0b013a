/** A guest's program on a disk that fails. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClockedHost } from "./clocked-host.ts";
import { ACTION, FILES, INJECTOR } from "./fault.ts";
import { GuestDrill } from "./guest-drill.ts";
import type { Program } from "./kit-program.ts";
import { chance } from "./replay.ts";

const FAULTS = [
  { name: "an input/output error", action: ACTION.EIO },
  { name: "a full disk", action: ACTION.ENOSPC },
  { name: "half of a write", action: ACTION.short },
];

/** @param runs of top-ups while one sync in five fails */
export function guestDiskSuite(program: Program, runs: number): void {
  describe.skipIf(!INJECTOR)(`the ${program.name}, its disk failing`, () => {
    let host: ClockedHost;
    beforeAll(async () => void (host = await ClockedHost.start()));
    afterAll(async () => host[Symbol.asyncDispose]());

    for (const { name, action } of FAULTS) {
      it(`at each call by ${name}, acknowledges nothing that is not durable, and tops up the next time`, async () => {
        using drill = await GuestDrill.enrolled(host, program);
        await drill.topUp();
        const calls = await drill.count(async () => drill.topUp({ kinds: FILES, at: 0, action: 0 }));
        for (let at = 1; at <= calls; at++) await drill.failAt(at, FILES, action);
      });
    }

    it("one sync in five, mixes nothing on a counter that is not durable", async () => {
      using drill = await GuestDrill.enrolled(host, program);
      const { failures, refused } = await drill.syncsFail(runs, chance(`${program.name}, syncs failing`));
      process.stderr.write(`${program.name}: ${failures} failed syncs and ${refused} failed runs in ${runs}\n`);
      expect(failures).toBeGreaterThan(runs / 10);
      expect(refused).toBeGreaterThan(0);
    });
  });
}
