import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AT_ONCE, batched } from "./batch.ts";
import { Gathering } from "./gathering.ts";

// setImmediate stays real: a batch lets what was read meanwhile in first.
beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

describe("batched", () => {
  it("sends what is asked for within the window as one, and answers each its own", async () => {
    const sent: number[][] = [];
    const ask = batched(async (items: number[]) => {
      sent.push(items);
      return items.map((item) => item * 10);
    });
    const first = ask(1);
    await vi.advanceTimersByTimeAsync(19);
    const second = ask(2);
    await vi.advanceTimersByTimeAsync(20);
    const third = ask(3);
    await vi.advanceTimersByTimeAsync(20);
    expect(await Promise.all([first, second, third])).toEqual([10, 20, 30]);
    expect(sent).toEqual([[1, 2], [3]]);
  });

  it("waits for those that were announced, and then no longer than for others", async () => {
    const sent: number[][] = [];
    const gathering = new Gathering();
    const send = async (items: number[]): Promise<number[]> => (sent.push(items), items);
    const ask = batched(send, 20, gathering);
    const asks = async (item: number): Promise<number> => {
      const answer = ask(item);
      gathering.arrive();
      return answer;
    };
    for (let n = 0; n < 3; n++) gathering.expect();
    const all = [asks(1)];
    await vi.advanceTimersByTimeAsync(900);
    all.push(asks(2));
    await vi.advanceTimersByTimeAsync(900);
    expect(sent).toEqual([]);
    all.push(asks(3));
    await vi.advanceTimersByTimeAsync(20);
    expect(sent).toEqual([[1, 2, 3]]);
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
  });

  it("goes without those that do not come", async () => {
    const gathering = new Gathering();
    const ask = batched(async (items: number[]) => items, 20, gathering);
    for (let n = 0; n < 2; n++) gathering.expect();
    const first = ask(1);
    gathering.arrive();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toBe(1);
    const second = ask(2);
    gathering.arrive();
    gathering.arrive();
    await vi.advanceTimersByTimeAsync(20);
    expect(await second).toBe(2);
  });

  it("fails every item of a batch that fails, and only those", async () => {
    let works = false;
    const ask = batched(async (items: number[]) => {
      if (!works) throw new Error("down");
      return items;
    });
    const failed = Promise.allSettled([ask(1), ask(2)]);
    await vi.advanceTimersByTimeAsync(20);
    expect((await failed).map((one) => one.status)).toEqual(["rejected", "rejected"]);
    works = true;
    const good = ask(3);
    await vi.advanceTimersByTimeAsync(20);
    expect(await good).toBe(3);
  });

  it("asks in turns for more than a host takes in one request", async () => {
    const sent: number[] = [];
    const ask = batched(async (items: number[]) => {
      sent.push(items.length);
      return items;
    });
    const all = Promise.all(Array.from({ length: AT_ONCE + 1 }, (_, n) => ask(n)));
    await vi.advanceTimersByTimeAsync(20);
    expect((await all).at(-1)).toBe(AT_ONCE);
    expect(sent).toEqual([AT_ONCE, 1]);
  });

  it("refuses an answer of another length", async () => {
    const asked = Promise.allSettled([batched(async () => [])(1)]);
    await vi.advanceTimersByTimeAsync(20);
    expect(await asked).toMatchObject([{ status: "rejected", reason: { message: "expected 1 answers, got 0" } }]);
  });
});
