/** User-data that cannot be is refused in preview: too large, or of a kind that cloud-init does not know. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;

beforeAll(async () => {
  bench = await Workbench.open();
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

it("user-data over the limit: refused in preview with the sizes of all parts, nothing asked, nothing made", async () => {
  const userData = `#cloud-config\n# ${"x".repeat(66_000)}\n`;
  await bench.configure(mint.url, [{ name: "web" }, { name: "big", userData }]);
  mint.calls.length = 0;
  bench.api.calls.length = 0;
  const { ok, output } = await bench.run("preview");
  expect(ok).toBe(false);
  const sizes = String.raw`user-data would be [\d,]+ bytes, [\d,]+ over the limit of 65,536: your document 66,017, kit [\d,]+, seed 532, hook [\d,]+, envelope \d+`;
  expect(output).toMatch(new RegExp(`big: ${sizes}`));
  expect(output).not.toMatch(/at .*\.ts:\d+/);
  expect([mint.calls, bench.api.calls]).toEqual([[], []]);
});

it("unknown leading text is refused in preview with a hint", async () => {
  await bench.configure(mint.url, [{ name: "odd", userData: "packages: [jq]\n" }]);
  expect((await bench.run("preview")).output).toMatch(/odd: userData begins with "packages: \[jq\]", .*#cloud-config/);
});
