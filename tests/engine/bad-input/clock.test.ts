/** What time ends, with the host's clock moved under a running program: tokens, quotas, and reservations in a long rollout. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLOCKS, FakedClock, HOUR } from "../../crash/faketime.ts";
import { Drill } from "./drill.ts";
import { errorsAmong } from "./diagnostics.ts";

describe.skipIf(!CLOCKS)("the host's clock", () => {
  let drill: Drill;
  let clock: FakedClock;
  let now = 0;
  const later = (seconds: number): void => clock.set((now += seconds));

  beforeAll(async () => {
    clock = new FakedClock();
    drill = await Drill.start(clock);
  });
  afterAll(async () => {
    await drill?.[Symbol.asyncDispose]();
    clock?.[Symbol.dispose]();
  });

  it("expired token", async () => {
    await drill.token("brief", "--stacks", "**", "--expires", "60m");
    await drill.declare("a");
    await drill.passes("a");
    later(HOUR + 1);
    await drill.declare("a", "b");
    expect(await drill.refused("b")).toMatch(
      /refused: the token of client brief expired at 20\S+ \(ask the host's operator/,
    );
    await drill.token("long", "--stacks", "**");
    await drill.passes("b");
  });

  it("quota: what is refused costs none of it, and an hour later the same run passes", async () => {
    await drill.token("small", "--stacks", "**", "--quota", "1");
    await drill.declare("a", "b", "c");
    await drill.passes("c");
    await drill.declare("a", "b", "c", "d");
    const why =
      /refused: client small has had its 1 seeds of this hour \(wait, or ask .* larger quota\); try again in 3\d{3} s;/;
    for (let run = 0; run < 2; run++) {
      const said = await drill.refused("d");
      expect(said).toMatch(why);
      expect(said.match(/try again in/g)).toHaveLength(1);
    }
    expect(await drill.host.operator("client", "ls")).toMatch(/^small .* 1 of 1 seeds this hour/m);
    later(HOUR + 1);
    await drill.passes("d");
  });

  it("a reservation that expired in a rollout of 25 hours: what came in time is there, the rest by the next run", async () => {
    await drill.token("roller", "--stacks", "**");
    const rollout = ["e", "f", "g"];
    await drill.declare(...rollout);
    const before = (await drill.host.service.vms()).length;
    drill.bench.api.onCreate = () => {
      drill.bench.api.onCreate = () => undefined;
      later(25 * HOUR);
    };
    // One droplet after the other: the first takes 25 hours.
    const { ok, said, posts } = await drill.run("up", "--parallel", "1");
    expect([ok, posts]).toEqual([false, 1]);
    const [made] = (await drill.host.service.vms()).slice(before);
    const errors = errorsAmong(said);
    expect(errors.length).toBeGreaterThan(0);
    for (const { message } of errors)
      expect(message).toMatch(
        /no seed for [efg]: host \S+ refused: reservation token: it has expired: reserve again \(a reservation lasts 24 hours\); nothing was created; run pulumi up/,
      );
    expect(new Set(errors.map(({ resource }) => resource)).size).toBe(errors.length);
    expect(errors.map(({ resource }) => resource)).not.toContain(made?.name);
    expect(await drill.host.service.vms()).toHaveLength(before + 1);
    await drill.passes(...rollout.filter((name) => name !== made?.name));
  });
});
