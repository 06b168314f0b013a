/**
 * Which outputs of the engine show a seed in clear, and which do not. The DigitalOcean provider logs each create with its
 * user-data as a debug diagnostic (the stand-in logs the same line), so every output that has debug diagnostics has the
 * seed. From -v9 on the engine itself prints every property. The documentation has to say the same as these tests.
 */
import { execa } from "execa";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CanarySearch, filesBelow } from "../../testing/canary-search.ts";
import type { Canary } from "../../testing/canary.ts";
import { ROOT } from "../engine.ts";
import { type FakeMint, startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

/** What the engine keeps by itself lies below it as well. */
const DIR = mkdtempSync(join(tmpdir(), "bootseed-debug-"));
process.env["TMPDIR"] = DIR;
/** Where the tests put what they asked for; searched apart from what the engine keeps by itself. */
const ASKED = join(DIR, "asked-for");

/** The provider's line, as text and inside JSON. */
const PROVIDER_LINE = /\[DEBUG\] Droplet create configuration: &godo\.DropletCreateRequest\{.*UserData:/;

let bench: Workbench;
let mint: FakeMint;

beforeAll(async () => {
  mkdirSync(ASKED);
  bench = await Workbench.open();
  bench.moreEnv["PULUMI_DEBUG_COMMANDS"] = "true"; // --event-log is an option for the engine's own developers
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
/** `up` that makes a new droplet with a new seed. */
const replaced = async (...flags: string[]): Promise<string> =>
  bench.mustUp("--replace", await bench.urn("web"), ...flags);
/** Lines with a seed in clear. */
function linesWithSeeds(output: string): string[] {
  const seeds = search();
  return output.split("\n").filter((line) => seeds.raw(Buffer.from(line)).length > 0);
}

const WARNING = "writes the seeds of this run's new droplets in clear";
/** The program warns in the run itself, once. */
function expectWarning(option: string, output: string): void {
  // The line of the stack in the table of resources repeats what is below "Diagnostics:".
  const lines = output.split("\n").filter((line) => line.startsWith(`    warning: ${option} ${WARNING}`));
  expect(lines, output).toHaveLength(1);
}
/** Diagnostic events of severity warning among lines of JSON. */
function warningEvents(output: string): string[] {
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  const severity = (line: string): unknown =>
    (JSON.parse(line) as { diagnosticEvent?: { severity: string } }).diagnosticEvent?.severity;
  return lines.filter((line) => severity(line) === "warning" && line.includes(WARNING));
}

describe("outputs that show no seed", () => {
  it.each([
    "",
    "--diff",
    "--show-full-output",
    "--output json",
    "-v1 --logtostderr --logflow",
    "-v2 --logtostderr --logflow",
  ])("up %s", async (flags) => {
    const output = await replaced(...flags.split(" ").filter(Boolean));
    expect(search().in(Buffer.from(output))).toEqual([]);
    expect(output).toContain("Droplet");
    expect(output).not.toMatch(PROVIDER_LINE);
    expect(output).not.toContain(WARNING);
  });

  it.each(["", "--diff", "--json", "--debug", "--json --debug"])("preview %s", async (flags) => {
    const args = ["preview", "--replace", await bench.urn("web"), ...flags.split(" ").filter(Boolean)];
    const output = await bench.must(...args);
    expect(search().in(Buffer.from(output))).toEqual([]);
    expect(output).toContain("web");
    expect(output).not.toContain(WARNING);
  });

  it("up --json that creates nothing", async () => {
    const output = await bench.mustUp("--json", "--debug", "--expect-no-changes");
    expect(search().in(Buffer.from(output))).toEqual([]);
    expect(output).not.toContain(WARNING);
  });
});

describe("outputs that show the seed of each droplet that is created, in the provider's line alone", () => {
  it.each([
    ["--json", "--json"],
    ["--debug", "--debug"],
    ["-dv3 --logtostderr", "--debug, --verbose"],
    ["-v3 --logtostderr --logflow", "--verbose"],
    ["-v8 --logtostderr --logflow", "--verbose"],
  ])("up %s", async (flags, warned) => {
    const output = await replaced(...flags.split(" "));
    const shown = linesWithSeeds(output);
    expect(shown).not.toEqual([]);
    for (const line of shown) expect(line).toMatch(PROVIDER_LINE);
    if (flags === "--json") expect(warningEvents(output)).toEqual([expect.stringContaining(`${warned} ${WARNING}`)]);
    else expectWarning(warned, output);
  });

  it.each([
    ["PULUMI_OPTION_DEBUG", "true"],
    ["PULUMI_OPTION_VERBOSE", "3"],
  ])("up with %s=%s", async (name, value) => {
    bench.moreEnv[name] = value;
    const output = await replaced("--logtostderr").finally(() => delete bench.moreEnv[name]);
    expect(linesWithSeeds(output)).not.toEqual([]);
    expect(output).toContain(`${name} ${WARNING}`);
  });

  it("up --event-log FILE", async () => {
    const file = join(ASKED, "events.json");
    const output = await replaced("--event-log", file);
    expect(search().in(Buffer.from(output))).toEqual([]);
    expectWarning("--event-log", output);
    const shown = linesWithSeeds(readFileSync(file, "utf8"));
    expect(shown).not.toEqual([]);
    for (const line of shown) expect(line).toMatch(PROVIDER_LINE);
  });

  it("up -v3, which logs to a file among the temporary ones", async () => {
    const logs = (): string[] => readdirSync(DIR).filter((name) => /^pulumi\..*\.log\.INFO\./.test(name));
    const before = logs();
    expectWarning("--verbose", await replaced("-v3"));
    const name = logs().find((log) => !before.includes(log)) ?? "";
    const shown = linesWithSeeds(readFileSync(join(DIR, name), "utf8"));
    rmSync(join(DIR, name));
    expect(shown).not.toEqual([]);
    for (const line of shown) expect(line).toMatch(PROVIDER_LINE);
  });

  it("onEvent of the automation API", async () => {
    const program = join(ROOT, "tests/engine/programs/events.ts");
    const options = { env: bench.env, extendEnv: false, stdin: "ignore", timeout: 120_000 } as const;
    const { stdout } = await execa("node", [program, join(bench.dir, "project"), await bench.urn("web")], options);
    const shown = linesWithSeeds(stdout);
    expect(shown).not.toEqual([]);
    for (const line of shown) expect(line).toMatch(PROVIDER_LINE);
    expect(warningEvents(stdout)).toEqual([expect.stringContaining(`--event-log ${WARNING}`)]);
  });
});

describe("outputs that show whole requests, seeds among them", () => {
  it("up --tracing file:FILE", async () => {
    const file = join(ASKED, "trace");
    expectWarning("--tracing", await replaced("--tracing", `file:${file}`));
    expect(search().raw(readFileSync(file))).not.toEqual([]);
  });

  it("up with PULUMI_DEBUG_GRPC=FILE", async () => {
    const file = join(ASKED, "grpc");
    bench.moreEnv["PULUMI_DEBUG_GRPC"] = file;
    expectWarning("PULUMI_DEBUG_GRPC", await replaced().finally(() => delete bench.moreEnv["PULUMI_DEBUG_GRPC"]));
    expect(search().raw(readFileSync(file))).not.toEqual([]);
  });
});

it("up -v9 shows seeds in the engine's own lines about properties, too", async () => {
  const shown = linesWithSeeds(await replaced("-v9", "--logtostderr", "--logflow"));
  const marshaled = /(Unm|M)arshaling property for RPC\[/;
  for (const line of shown) expect(line).toMatch(new RegExp(`${marshaled.source}|${PROVIDER_LINE.source}`));
  expect(shown.some((line) => marshaled.test(line))).toBe(true);
});

it("afterwards no seed is in any other file: state, history, and the logs that the engine keeps by itself", () => {
  const files = filesBelow(DIR, ["asked-for"]);
  expect(search().among(files)).toEqual([]);
  const names = files.map(({ name }) => name).join("\n");
  for (const kind of [/state\/\.pulumi\/history\//, /state\/\.pulumi\/stacks\//, /home\/logs\//])
    expect(names).toMatch(kind);
});

it.each(["docs/pulumi.md", "docs/security.md", "SECURITY.md"])("%s names the outputs that show seeds", (document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  for (const output of [
    "`--json`",
    "`--debug`",
    "`--event-log`",
    "`onEvent`",
    "`-v3`",
    "`--tracing`",
    "`PULUMI_DEBUG_GRPC`",
    "`TF_LOG`",
  ])
    expect(text).toContain(output);
  expect(text).not.toMatch(/`--json`[^.]*show no seed/);
});
