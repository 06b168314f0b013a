/** The host on a disk that fails. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { prerequisite } from "../prerequisite.ts";
import { ACTION, FILES, FIU, INJECTOR } from "./fault.ts";
import { syncsFail } from "./host-fiu.ts";
import { HostDrill } from "./host-kill.ts";

/** Whether libfiu is there. */
const LIBFIU: boolean = prerequisite(
  FIU.every((path) => existsSync(path)) && spawnSync("fiu-ctrl", ["-h"]).error === undefined,
  "expected libfiu: apt-get install fiu-utils",
);

/** Shared commits are tried again part by part, and SQLite goes on after half of a write: not every fault is seen. */
const FAULTS = [
  { name: "an input/output error", action: ACTION.EIO, atLeast: 4 },
  { name: "a full disk", action: ACTION.ENOSPC, atLeast: 4 },
  { name: "half of a write", action: ACTION.short, atLeast: 0 },
];

/** @param operations requests while one sync in five fails */
export function hostDiskSuite(operations: number): void {
  describe.skipIf(!INJECTOR)("a host whose disk fails", () => {
    for (const { name, action, atLeast } of FAULTS) {
      it(`at each call of a VM's life, by ${name}, answers 503 and goes on`, async () => {
        await using drill = await HostDrill.start();
        await drill.count(FILES);
        const calls = await drill.count(FILES);
        const failed: number[] = [];
        // Shared commits make the number of calls vary: the end is where three lives in a row have no such call.
        let [at, shorter] = [1, 0];
        while (shorter < 3) {
          const statuses = await drill.failAt(at, action);
          if (statuses === null) shorter++;
          else [at, shorter] = [at + 1, 0];
          failed.push(...(statuses ?? []).filter((status) => status > 299 || status < 200));
        }
        expect(at).toBeGreaterThan(calls - 5);
        expect(failed).toEqual(failed.map(() => 503));
        expect(failed.length).toBeGreaterThanOrEqual(atLeast);
        expect(drill.restarts, "it did not end").toBe(1);
        await drill.host.stop("SIGKILL");
        await drill.restart();
        expect(await drill.books.missing(drill.host)).toEqual([]);
      });
    }

    it.skipIf(!LIBFIU)("one sync in five, lets no packet go on a counter that is not durable", async () => {
      await using drill = await HostDrill.start(FIU);
      const { made, failures } = await syncsFail(drill, operations);
      process.stderr.write(`${made} operations, ${failures} failed syncs, ${drill.books.packets} packets\n`);
      expect(failures).toBeGreaterThan(made / 20);
    });
  });
}
