/** A host that does not answer blocks nothing but what needs a seed, and that before anything is created. */
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

const POSTS = (calls: string[]): string[] => calls.filter((call) => call === "POST /v2/droplets");

/** The one sentence, on one line, about the droplet that was refused. */
function refusal(output: string, name: string): string {
  const lines = output.split("\n").filter((line) => line.includes(`no seed for ${name}: `));
  expect(lines, output).not.toHaveLength(0);
  return lines[0] ?? "";
}

it("host unreachable: a no-op and tags pass with one warning", async () => {
  await mint.close();
  const output = await bench.mustUp("--expect-no-changes");
  expect(
    output.match(/^ +warning: no seeds in this run: host unix:\S+ is unreachable: there is no such socket/gm),
  ).toHaveLength(1);
  await bench.configure(mint.url, [{ name: "web", tags: ["a"] }]);
  await bench.mustUp();
  expect(bench.api.droplets.get(100)?.tags).toEqual(["a"]);
});

it("host unreachable: a new droplet is refused before any API call, in one sentence; the rest is left alone", async () => {
  await bench.configure(mint.url, [{ name: "web", tags: ["a"] }, { name: "db" }]);
  const { ok, output } = await bench.up();
  expect(ok).toBe(false);
  expect(refusal(output, "db")).toMatch(
    /no seed for db: host unix:\S+ is unreachable: .*; nothing was created; run pulumi up again when that is mended/,
  );
  expect(POSTS(bench.api.calls)).toEqual([]);
  expect(bench.api.droplets.size).toBe(1);
});

it.each([
  [503, /refused: no healthy source \(start a source\)/],
  [429, /try again in 7 s/],
  [403, /refused/],
] as const)("host answers %i: a no-op passes, create is refused before the API call", async (status, reason) => {
  await mint.listen();
  mint.down = status;
  const { ok, output } = await bench.up();
  mint.down = undefined;
  await mint.close();
  expect(ok).toBe(false);
  expect(refusal(output, "db")).toMatch(reason);
  expect(POSTS(bench.api.calls)).toEqual([]);
});

it("a second commit is refused: no API call, and the next run recovers", async () => {
  await mint.listen();
  mint.refuseCommits = true;
  const { ok, output } = await bench.up();
  expect(ok).toBe(false);
  expect(refusal(output, "db")).toMatch(/this seed was already used/);
  expect(POSTS(bench.api.calls)).toEqual([]);
  mint.refuseCommits = false;
  await bench.mustUp();
  expect(POSTS(bench.api.calls)).toHaveLength(1);
  expect(bench.api.droplets.size).toBe(2);
});

it("a replacement while the host is down leaves the old droplet where it is", async () => {
  await mint.close();
  // With a name of its own the provider would have it deleted first, and the hook would refuse the new one too late.
  await bench.configure(mint.url, [
    { name: "web", tags: ["a"] },
    { name: "db", image: "debian-13-x64" },
  ]);
  const { ok } = await bench.up();
  await mint.listen();
  expect(ok).toBe(false);
  expect([...bench.api.droplets.values()].map((droplet) => droplet.name).toSorted()).toEqual(["db", "web"]);
});

it("destroy passes while the host is down", async () => {
  await mint.close();
  await bench.must("destroy", "--yes", "--skip-preview");
  await mint.listen();
  expect(bench.api.droplets.size).toBe(0);
});
