/**
 * What a host may answer and the real one does not on demand, from a fake of it: a run that creates nothing passes, and a new droplet is
 * refused before any API call, in the host's own words. `matrix/` has the real host.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;

beforeAll(async () => {
  bench = await Workbench.open();
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
  await bench.configure(mint.url, [{ name: "web" }]);
  await bench.mustUp();
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

it.each([
  [503, /refused: no healthy source \(start a source\)/],
  [429, /try again in 7 s/],
  [403, /refused/],
  [409, /this seed was already used/],
] as const)("%i: a no-op passes, a new droplet is refused, and the next run recovers", async (status, reason) => {
  const name = `new-${status}`;
  const before = [...bench.api.droplets.keys()];
  if (status === 409) mint.refuseCommits = true;
  else mint.down = status;
  await bench.mustUp("--expect-no-changes");
  await bench.configure(mint.url, [{ name: "web" }, { name }]);
  const { ok, output } = await bench.up();
  expect(ok).toBe(false);
  const [sentence] = output.split("\n").filter((line) => line.includes(`no seed for ${name}: `));
  expect(sentence).toMatch(reason);
  expect(sentence).toMatch(/; nothing was created; run pulumi up again when that is mended/);
  expect(bench.api.calls).toEqual([]);
  expect([...bench.api.droplets.keys()]).toEqual(before);

  Object.assign(mint, { down: undefined, refuseCommits: false });
  await bench.mustUp();
  expect(bench.api.calls.filter((call) => call === "POST /v2/droplets")).toHaveLength(1);
  await bench.configure(mint.url, [{ name: "web" }]);
  await bench.mustUp();
});
