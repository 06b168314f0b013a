/** User-data that cannot go in, against the real host: said in preview, with no host asked; `up` takes no seed for it. */
import { expect, it } from "vitest";
import { Drill } from "./drill.ts";

const SIZES =
  /big: user-data would be [\d,]+ bytes, [\d,]+ over the limit of 65,536: your document 60,017, kit [\d,]+, seed \d+, hook [\d,]+, envelope \d+; gzip/;
const big = { name: "big", args: { userData: `#cloud-config\n# ${"x".repeat(60_000)}\n` } };
const odd = { name: "odd", args: { userData: "packages: [jq]\n" } };

it.each([
  ["too large", big, SIZES],
  ["unknown leading text", odd, /odd: userData begins with "packages: .*#cloud-config/],
])("%s", async (_, bad, why) => {
  await using drill = await Drill.start();
  await drill.declare("web", bad);
  // Also while the host is away and the program has no token.
  await drill.host.service.stop();
  await drill.bench.must("config", "rm", "bootseed:token");
  expect(await drill.refused(bad.name, "preview")).toMatch(why);
  await drill.serve();
  await drill.token("again", "--stacks", "**");
  await drill.declare(bad);
  expect(await drill.refused(bad.name)).toMatch(why);
  expect(await drill.host.service.vms()).toEqual([]);
  await drill.declare({ ...bad, args: { userData: "#cloud-config\npackages: [jq]\n" } });
  await drill.passes(bad.name);
});
