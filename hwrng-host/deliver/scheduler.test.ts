import { describe, expect, it } from "vitest";
import { CommitGroup } from "../store/commit-group.ts";
import type { PushTarget } from "../store/push-store.ts";
import { PushTable } from "../testing/push-table.ts";
import type { DialResult } from "./dial.ts";
import { PushScheduler, type SchedulerInput } from "./scheduler.ts";

const NOW = 1_795_262_400;
const HOUR = 3600;
const INTERVAL = 6 * HOUR;
const RESULT: DialResult = { outcome: "delivered", code: "receipt", reason: "receipt came" };

/** A scheduler whose connections end when the test says so; its clock is the test's. */
class Rig implements AsyncDisposable {
  readonly table: PushTable = new PushTable();
  now: number = NOW;
  readonly dialled: string[] = [];
  readonly warned: string[] = [];
  open = 0;
  mostOpen = 0;
  answer: (target: PushTarget, signal: AbortSignal) => Promise<DialResult> = async () => Promise.resolve(RESULT);
  readonly scheduler: PushScheduler;

  constructor(change: Partial<SchedulerInput> = {}) {
    const group = new CommitGroup(this.table.db);
    this.scheduler = new PushScheduler({
      store: { push: this.table.push, together: async (work) => group.run(work) },
      now: () => this.now,
      random: () => 1,
      intervalSeconds: INTERVAL,
      concurrency: 8,
      dial: async (target, signal) => {
        this.dialled.push(target.address);
        this.mostOpen = Math.max(this.mostOpen, ++this.open);
        const result = await this.answer(target, signal);
        this.open--;
        return result;
      },
      log: {
        info: () => undefined,
        warn: (_, text) => this.warned.push(text),
        error: (_, text) => this.warned.push(text),
      },
      ...change,
    });
  }

  set(n: number, at = NOW): Uint8Array {
    const seedId = this.table.enrolled(n);
    this.table.push.set(seedId, `198.51.100.${n % 256}:7444`, at);
    return seedId;
  }

  /** One tick, and all that follows from it at this time. @returns addresses dialled */
  async tick(seconds = 0): Promise<string[]> {
    this.now += seconds;
    const before = this.dialled.length;
    this.scheduler.tick();
    await this.settled();
    return this.dialled.slice(before);
  }

  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scheduler.close();
    this.table[Symbol.dispose]();
  }
}

describe("the push schedule", () => {
  it("dials what is due, once per interval", async () => {
    await using rig = new Rig();
    rig.set(1);
    rig.set(2, NOW + 10);
    expect(await rig.tick()).toEqual(["198.51.100.1:7444"]);
    expect(await rig.tick(10)).toEqual(["198.51.100.2:7444"]);
    expect(await rig.tick(INTERVAL - 11)).toEqual([]);
    expect(await rig.tick(1)).toEqual(["198.51.100.1:7444"]);
    expect(rig.scheduler.counters).toEqual({ delivered: 3 });
  });

  it("spreads what came at one time, and never waits longer than the interval", async () => {
    let n = 0;
    await using rig = new Rig({ random: () => (n++ % 100) / 100 });
    for (let i = 0; i < 100; i++) rig.set(i);
    while ((await rig.tick()).length > 0);
    const waits = rig.table.push.all().map(({ nextAt }) => nextAt - NOW);
    expect(new Set(waits).size).toBe(100);
    expect([Math.min(...waits) >= 0.8 * INTERVAL, Math.max(...waits) <= INTERVAL]).toEqual([true, true]);
  });

  it("works off a backlog at one time, with so many connections and no more", async () => {
    await using rig = new Rig();
    for (let n = 0; n < 100; n++) rig.set(n);
    let n = 0;
    rig.answer = async () => {
      // Some take longer than others: places become free one by one.
      for (let turns = n++ % 5; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      return RESULT;
    };
    await rig.tick();
    while (rig.dialled.length < 100) await rig.settled();
    expect([new Set(rig.dialled).size, rig.mostOpen]).toEqual([100, 8]);
  });

  it("asks sooner after a failure, later after the second, and not at all after the third", async () => {
    await using rig = new Rig();
    const seedId = rig.set(1);
    rig.answer = async () => Promise.resolve({ outcome: "failed", code: "bad-signature", reason: "…" });
    expect((await rig.tick()).length).toBe(1);
    expect(await rig.tick(INTERVAL / 4 - 1)).toEqual([]);
    expect((await rig.tick(1)).length).toBe(1);
    expect(await rig.tick(INTERVAL / 2 - 1)).toEqual([]);
    expect((await rig.tick(1)).length).toBe(1);
    expect(rig.warned).toEqual(["VM no longer dialled: set its address again"]);
    expect(await rig.tick(400 * 24 * HOUR)).toEqual([]);
    expect(rig.scheduler.counters).toEqual({ "failed: bad-signature": 3 });
    rig.table.push.seen(seedId, rig.now);
    expect((await rig.tick()).length).toBe(1);
  });

  it("is back within a quarter of the interval after a partition of a day, whoever was unreachable", async () => {
    await using rig = new Rig();
    for (let n = 0; n < 20; n++) rig.set(n);
    rig.answer = async () => Promise.resolve({ outcome: "unreachable", code: "timeout", reason: "…" });
    for (let second = 0; second < 24 * HOUR; second += 600) await rig.tick(600);
    rig.answer = async () => Promise.resolve(RESULT);
    let delivered = 0;
    for (let second = 0; second <= INTERVAL / 4; second += 300) delivered += (await rig.tick(300)).length;
    expect([delivered, rig.table.push.counts()]).toEqual([20, { total: 20, stale: 0 }]);
  });

  it("comes back after trouble of its own, and forgets none that was under way when it was killed", async () => {
    await using rig = new Rig();
    rig.set(1);
    rig.answer = async () => Promise.resolve({ outcome: "postponed", code: "own-trouble", reason: "…" });
    expect((await rig.tick()).length).toBe(1);
    expect((await rig.tick(INTERVAL / 60)).length).toBe(1);
    // As after kill -9: taken, and no result recorded.
    rig.now += INTERVAL / 60;
    expect(rig.table.push.take(rig.now, 9, rig.now + 60, rig.now + 2 * INTERVAL).length).toBe(1);
    expect(await rig.tick(59)).toEqual([]);
    expect((await rig.tick(1)).length).toBe(1);
  });

  it("survives a clock that jumps 400 days and back", async () => {
    await using rig = new Rig();
    rig.set(1);
    await rig.tick(400 * 24 * HOUR);
    expect(await rig.tick(-400 * 24 * HOUR)).toEqual(["198.51.100.1:7444"]);
    expect(await rig.tick()).toEqual([]);
  });

  it("says so when the database fails, and goes on afterwards", async () => {
    await using rig = new Rig();
    rig.set(1);
    const { push } = rig.table;
    rig.table.db.run("ALTER TABLE push RENAME TO gone");
    await rig.tick();
    expect(rig.warned).toEqual(["push schedule"]);
    rig.table.db.run("ALTER TABLE gone RENAME TO push");
    expect((await rig.tick()).length).toBe(1);
    expect(push.counts()).toEqual({ total: 1, stale: 0 });
  });

  it("ends its connections when the service stops, and records what came of them", async () => {
    const rig = new Rig();
    rig.set(1);
    rig.answer = async (_, signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { outcome: "unreachable", code: "timeout", reason: "…" };
    };
    await rig.tick();
    await rig.scheduler.close();
    expect(rig.open).toBe(0);
    expect(rig.table.push.all()).toMatchObject([{ nextAt: NOW + INTERVAL / 4 }]);
    expect(await rig.tick(INTERVAL)).toEqual([]);
    rig.table[Symbol.dispose]();
  });
});
