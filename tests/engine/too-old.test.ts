/** An engine that is too old, on the real one: one sentence that says what is needed, no API call, no seed. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;

beforeAll(async () => {
  bench = await Workbench.open("tests/engine/programs/too-old.ts");
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
  await bench.configure(mint.url, []);
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

it.each([
  [
    "engine",
    "SeededDroplet",
    /bootseed needs a Pulumi engine >=3\.211\.0, .*: install the current CLI, https:.*\(.+\)/,
  ],
  ["engine", "seedStack", /bootseed needs a Pulumi engine >=3\.211\.0/],
  [
    "sdk",
    "SeededDroplet",
    /bootseed needs @pulumi\/pulumi >=3\.217\.0, .*older; no droplet was created: npm install @pulumi/,
  ],
  ["sdk", "seedStack", /bootseed needs @pulumi\/pulumi >=3\.217\.0/],
])("%s too old, %s", async (old, way, sentence) => {
  await bench.must("config", "set", "bootseed:old", old);
  await bench.must("config", "set", "bootseed:way", way);
  for (const { ok, output } of [await bench.run("preview"), await bench.up()]) {
    expect(ok).toBe(false);
    const said = output.slice(output.indexOf("Diagnostics:")).match(/^ {4}error: bootseed needs .*$/gm);
    expect(said).toEqual([expect.stringMatching(sentence)]);
    expect(output).not.toMatch(/at .*\.ts:\d+/);
  }
  expect([bench.api.calls, mint.calls.filter((call) => call.startsWith("commit"))]).toEqual([[], []]);
});
