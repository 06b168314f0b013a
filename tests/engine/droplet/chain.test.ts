/** Droplets that depend on each other: the program asks for all their seeds together, long before the engine makes the last of them. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

const CASE = "C32 (pulumi/pulumi#127): ";
const NAMES = ["one", "two", "three", "four", "five"];

it.each(["seedStack", "SeededDroplet"])(
  `${CASE}five droplets in a chain, %s: at most two reservation requests in a run, and each has its own seed`,
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
      const seeds = bench.api.posted.map((body) => /^BOOTSEED=\S+$/m.exec(String(body["user_data"]))?.[0]);
      expect(new Set(seeds)).toHaveProperty("size", NAMES.length);
      expect(seeds).not.toContain(undefined);

      mint.calls.length = 0;
      await bench.mustUp("--expect-no-changes");
      expect(requests("reserve").length).toBeLessThanOrEqual(2);
      expect(requests("commit")).toEqual([]);
    } finally {
      await mint.close();
      await bench.close();
    }
  },
);
