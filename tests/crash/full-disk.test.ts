import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HostProcess } from "../loopback/host-process.ts";
import { ClockedHost } from "./clocked-host.ts";
import { ACTION, FILES, INJECTOR } from "./fault.ts";
import { GuestDrill } from "./guest-drill.ts";
import { HostDrill } from "./host-kill.ts";
import { PROGRAMS } from "./programs.ts";
import { MOUNTS, SmallDisk } from "./small-disk.ts";

const KIB = 1024;
/** The drill's promise: so long after there is space again, the service works, without a restart. */
const RECOVERY_MS = 5000;

/** VMs come until one is refused, or as many as fit into far more than the space there is. */
async function untilRefused(drill: HostDrill): Promise<{ vm: ReturnType<HostDrill["crowd"]>[number]; status: number }> {
  for (let i = 0; i < 100; i++) {
    const [vm] = drill.crowd(1);
    const status = (await vm?.live())?.at(-1) ?? 0;
    if (vm !== undefined && !vm.done) return { vm, status };
  }
  throw new Error("the disk was never full");
}

/** Asks on until the VM is through. */
async function recovers(vm: { live(): Promise<number[]>; readonly done: boolean }): Promise<void> {
  const end = performance.now() + RECOVERY_MS;
  while (!vm.done && performance.now() < end) await vm.live();
  expect(vm.done).toBe(true);
}

describe.skipIf(!MOUNTS || !INJECTOR)("a full disk", () => {
  it("lets the host answer 503, and go on when there is space again", async () => {
    using disk = new SmallDisk(512 * KIB);
    await using drill = await HostDrill.start([], join(disk.dir, "state"));
    disk.fill(64 * KIB);
    for (let round = 0; round < 3; round++) {
      const { vm, status } = await untilRefused(drill);
      expect(status, drill.host.log.slice(-1000)).toBe(503);
      // The same request again: 503 as well, and nothing half-made.
      expect(await vm.live()).toEqual([503]);
      expect(drill.host.alive).toBe(true);
      expect(await drill.books.missing(drill.host)).toEqual([]);
      disk.free();
      await recovers(vm);
      disk.fill(16 * KIB);
    }
    disk.free();
    expect(drill.restarts).toBe(1);
    await drill.host.stop("SIGKILL");
    await drill.restart();
    expect(await drill.books.missing(drill.host)).toEqual([]);
  });

  it("lets init say so, and be done by the next one", async () => {
    using disk = new SmallDisk(12 * KIB);
    const state = join(disk.dir, "state");
    await expect(HostProcess.make(undefined, undefined, state)).rejects.toThrow(/ENOSPC|no space/i);
    const made = readdirSync(state);
    expect(made.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(made).not.toContain("statement");
    disk.resize(512 * KIB);
    await using host = await HostProcess.make(undefined, undefined, state);
    await host.start();
    expect(readdirSync(state)).toEqual(expect.arrayContaining(made));
  });

  for (const program of PROGRAMS) {
    it(`lets the ${program.name} acknowledge nothing, and top up when there is space again`, async () => {
      using disk = new SmallDisk(256 * KIB);
      await using host = await ClockedHost.start();
      using drill = await GuestDrill.enrolled(host, program, join(disk.dir, "root"));
      await drill.topUp();
      disk.fill(0);
      const before = { mixed: drill.accepted.length, receipts: host.receipts, packets: host.packets };
      const { code, output } = await drill.topUp();
      expect(code, output).not.toBe(0);
      expect([drill.accepted.length, host.receipts]).toEqual([before.mixed, before.receipts]);
      expect(host.packets, "the host was asked all the same").toBe(before.packets + 1);
      disk.free();
      await drill.recovered();
    });
  }
});

describe.skipIf(!MOUNTS || !INJECTOR)("a disk that became read-only", () => {
  it("lets the host answer 503, and go on when it may write again", async () => {
    await using drill = await HostDrill.start();
    drill.fault.arm({ kinds: FILES, at: 1, action: ACTION.EROFS, fromThenOn: true });
    const { vm, status } = await untilRefused(drill);
    expect(status, drill.host.log.slice(-1000)).toBe(503);
    expect(await vm.live()).toEqual([503]);
    expect(drill.fault.fired).toBeGreaterThan(1);
    drill.fault.disarm();
    await recovers(vm);
    expect(drill.restarts).toBe(1);
  });

  it("lets a host that starts on it end with what to do", async () => {
    using disk = new SmallDisk(512 * KIB);
    await using host = await HostProcess.make(undefined, undefined, join(disk.dir, "state"));
    await host.start();
    await host.stop();
    disk.readOnly(true);
    await expect(host.start()).rejects.toThrow(/to do: /);
    disk.readOnly(false);
    await host.start();
  });

  for (const program of PROGRAMS) {
    it(`lets the ${program.name} acknowledge nothing, and top up when it may write again`, async () => {
      using disk = new SmallDisk(256 * KIB);
      await using host = await ClockedHost.start();
      using drill = await GuestDrill.enrolled(host, program, join(disk.dir, "root"));
      await drill.topUp();
      disk.readOnly(true);
      const receipts = host.receipts;
      const accepted = drill.accepted.length;
      const { code, output } = await drill.topUp();
      expect(code, output).not.toBe(0);
      expect([drill.accepted.length, host.receipts]).toEqual([accepted, receipts]);
      disk.readOnly(false);
      await drill.recovered();
    });
  }
});
