/**
 * What may be asked of the engine for a look inside, and what of it shows seeds. From -v9 on the engine itself writes every
 * property that it passes on, secrets in clear; the official provider adds the whole request (TF_LOG). Nobody can keep a
 * seed from that: this holds where it begins, that nothing of it is left behind, and that documentation says so.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CanarySearch, filesBelow } from "../../testing/canary-search.ts";
import type { Canary } from "../../testing/canary.ts";
import { ROOT } from "../engine.ts";
import { type FakeMint, startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

/** What the engine keeps by itself lies below it as well. */
const DIR = mkdtempSync(join(tmpdir(), "bootseed-debug-"));
process.env["TMPDIR"] = DIR;

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
  rmSync(DIR, { recursive: true, force: true });
});

const canaries = (): Canary[] =>
  mint.canaries.map((bytes, i) => ({ name: `${["pool", "claimKey", "psk0"][i % 3]} ${i}`, bytes }));
const search = (): CanarySearch => new CanarySearch(canaries());
const replaced = async (...flags: string[]): Promise<string> =>
  bench.mustUp("--replace", await bench.urn("web"), ...flags);

it.each(["--debug", "-v7 --logtostderr --logflow", "-v8 --logtostderr --logflow"])(
  "%s shows no seed",
  async (flags) => {
    const output = await replaced(...flags.split(" "));
    expect(search().in(Buffer.from(output))).toEqual([]);
    expect(output).toMatch(/beforeCreate|Droplet/);
  },
);

it("an event log shows no seed", async () => {
  bench.moreEnv["PULUMI_DEBUG_COMMANDS"] = "true"; // it is an option for the engine's own developers
  const file = join(DIR, "events.json");
  await replaced("--event-log", file);
  const events = readFileSync(file);
  expect(search().in(events)).toEqual([]);
  expect(events.toString()).toContain('"bootseed:index:SeededDroplet"');
});

it("-v9 shows seeds, in the engine's own lines about properties and nowhere else; the documentation says so", async () => {
  const output = await replaced("-v9", "--logtostderr", "--logflow");
  const seeds = search();
  const shown = output.split("\n").filter((line) => seeds.raw(Buffer.from(line)).length > 0);
  expect(shown).not.toEqual([]);
  for (const line of shown) expect(line).toMatch(/(Unm|M)arshaling property for RPC\[/);
  for (const document of ["docs/pulumi.md", "SECURITY.md"]) {
    const lines = readFileSync(join(ROOT, document), "utf8").split("\n");
    const warnings = lines.filter((line) => ["`TF_LOG`", "-v9", "never use"].every((word) => line.includes(word)));
    expect(warnings, document).toHaveLength(1);
  }
});

it("afterwards nothing of it is in any file: state, history, and the logs that the engine keeps by itself", () => {
  const files = filesBelow(DIR);
  expect(search().among(files)).toEqual([]);
  const names = files.map(({ name }) => name).join("\n");
  for (const kind of [/state\/\.pulumi\/history\//, /state\/\.pulumi\/stacks\//, /home\/logs\//])
    expect(names).toMatch(kind);
});
