import { toHex } from "@bootseed/protocol";
import { describe, expect, it, vi } from "vitest";
import { Bench } from "../testing/bench.ts";
import { JoiningMachine, joinToken } from "../testing/joining.ts";

/** How often entropy is drawn for an answer. */
const drawsOf = (host: Bench): { mock: { calls: unknown[] } } => vi.spyOn(host.context.generator, "fullEntropy");
const countOf = (statuses: readonly number[]): Record<string, number> =>
  Object.fromEntries([...new Set(statuses)].map((one) => [one, statuses.filter((status) => status === one).length]));

describe("claims for a seed that an operator ended before any machine claimed it", () => {
  it.each(["revoke", "forget"])("are refused before entropy is drawn, at once and one by one: %s", async (verb) => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/${verb}`, {})).status).toBe(200);
    const draws = drawsOf(host);
    const sends = Array.from({ length: 20 }, async () => (await host.send("/v1/claims", guest.claim())).status);
    expect(countOf(await Promise.all(sends))).toEqual({ 403: 20 });
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(403);
    expect(draws.mock.calls).toHaveLength(0);
  });

  it("use up the allowance where the seed ends between the draw and the decision", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const { generator, store } = host.context;
    const draw = generator.fullEntropy.bind(generator);
    const draws = vi.spyOn(generator, "fullEntropy").mockImplementation(async (outputs) => {
      store.seeds.forget(guest.seedId, host.clock.now);
      return draw(outputs);
    });
    // What the claims read before the draw: the seed is there.
    vi.spyOn(store.enrolments, "standing").mockReturnValue({ kind: "own", won: false });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await host.send("/v1/claims", guest.claim())).status);
    expect(statuses).toEqual([...Array<number>(8).fill(403), ...Array<number>(4).fill(429)]);
    expect(draws).toHaveBeenCalledTimes(8);
  });
});

describe("joins at once", () => {
  it("draw entropy for no more machines than the token has uses left", async () => {
    await using host = new Bench();
    const token = await joinToken(host, "db-*", 3);
    await new JoiningMachine().join(host, token, "db-1");
    const draws = drawsOf(host);
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, i) =>
        host.send("/v1/joins", new JoiningMachine().request(token, `db-${i + 2}`)).then(({ status }) => status),
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(draws.mock.calls).toHaveLength(2);
    expect(statuses.filter((status) => status === 429 || status === 403)).toHaveLength(48);
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ uses: 3, used: 3 }] });
  });

  it("that met no entropy leave their place to the next", async () => {
    await using host = new Bench();
    const token = await joinToken(host, "db-1");
    const draws = vi.spyOn(host.context.generator, "fullEntropy").mockRejectedValueOnce(new Error("no source"));
    const machine = new JoiningMachine();
    expect((await host.send("/v1/joins", machine.request(token, "db-1"))).status).toBeGreaterThanOrEqual(500);
    expect((await host.send("/v1/joins", machine.request(token, "db-1"))).status).toBe(200);
    expect(draws).toHaveBeenCalledTimes(2);
  });
});
