/** Droplets that depend on each other: the program asks for all their seeds together, long before the engine makes the last of them. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

const CASE = "C32 (pulumi/pulumi#127): ";
const NAMES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

it.each(["seedStack", "SeededDroplet"])(
  `${CASE}ten droplets in a chain, %s: at most two reservation requests in a run, one request a link at most of what was created, and each has its own seed`,
  async (way) => {
    const bench = await Workbench.open("tests/engine/programs/chain.ts");
    const mint = await startFakeMint(join(bench.dir, "mint.sock"));
    const requests = (what: string): string[] => mint.calls.filter((call) => call.startsWith(`${what} `));
    try {
      for (const [key, value] of Object.entries({ host: mint.url, way }))
        await bench.must("config", "set", `bootseed:${key}`, value);
      await bench.mustUp();
      expect(requests("reserve").length).toBeLessThanOrEqual(2);
      // One after the other: the chain is a chain.
      expect(requests("commit")).toEqual(NAMES.map((name) => `commit ${name}`));
      // The next one is created only after this one is known; quick ones may be told of together, where each link needs no answer of its own.
      const told = requests("created").map((call) => Number(call.split(" ")[1]));
      expect(told.reduce((sum, count) => sum + count, 0)).toBe(NAMES.length);
      if (way === "seedStack") expect(told).toHaveLength(NAMES.length);
      const seeds = bench.api.posted.map((body) => /^BOOTSEED=\S+$/m.exec(String(body["user_data"]))?.[0]);
      expect(new Set(seeds)).toHaveProperty("size", NAMES.length);
      expect(seeds).not.toContain(undefined);

      mint.calls.length = 0;
      await bench.mustUp("--expect-no-changes");
      expect(requests("reserve").length).toBeLessThanOrEqual(2);
      expect(requests("commit")).toEqual([]);
      expect(mint.calls.length).toBeLessThanOrEqual(2);
    } finally {
      await mint.close();
      await bench.close();
    }
  },
);
