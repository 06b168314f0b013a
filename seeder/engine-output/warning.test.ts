import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { enginesOf } from "./engine-process.ts";
import { seedOutputWarning } from "./warning.ts";

/** A folder like /proc, written as the kernel writes it. */
const proc = mkdtempSync(join(tmpdir(), "bootseed-proc-"));
afterAll(() => rmSync(proc, { recursive: true }));
function add(pid: number, parent: number, args: string, env = ""): void {
  mkdirSync(join(proc, String(pid)));
  writeFileSync(join(proc, String(pid), "stat"), `${pid} (a) name) S ${parent} 1 1 0 -1`);
  for (const [name, text] of Object.entries({ cmdline: args, environ: env }))
    writeFileSync(join(proc, String(pid), name), text === "" ? "" : `${text.replaceAll(" ", "\0")}\0`);
}
add(1, 0, "init");
add(10, 1, "/opt/pulumi/bin/pulumi up --json", "A=1 PULUMI_OPTION_DEBUG=true");
add(11, 10, "pulumi-language-nodejs 127.0.0.1:1");
add(12, 11, "node program");
add(20, 1, "node automation.js");
add(21, 20, "pulumi up --event-log tcp://127.0.0.1:2");
add(22, 20, "pulumi preview");
add(30, 1, "node --json -d");
// `pulumi up` of an outer program that runs an inner one by the automation API.
add(40, 1, "pulumi up");
add(41, 40, "pulumi-language-nodejs 127.0.0.1:1");
add(42, 41, "node outer.js");
add(43, 42, "pulumi up --json");
add(44, 42, "pulumi-resource-other 127.0.0.1:1");

describe("enginesOf", () => {
  it("finds the engine among a program's ancestors, with its variables", () => {
    const [engine, ...others] = enginesOf(12, proc);
    expect(engine?.args).toEqual(["/opt/pulumi/bin/pulumi", "up", "--json"]);
    expect(engine?.env).toEqual({ A: "1", PULUMI_OPTION_DEBUG: "true" });
    expect(others).toEqual([]);
  });
  it("finds the engines that an inline program's process started", () => {
    expect(enginesOf(20, proc).map(({ args }) => args[1])).toEqual(["up", "preview"]);
  });
  it("finds the engine of an inline program that runs below another engine", () => {
    expect(enginesOf(42, proc).map(({ args }) => args.slice(1))).toEqual([["up", "--json"]]);
  });
  it("finds nothing without an engine, without the process, and without /proc", () => {
    expect([enginesOf(30, proc), enginesOf(99, proc), enginesOf(12, "/nowhere")]).toEqual([[], [], []]);
  });
});

describe("seedOutputWarning", () => {
  it("names the options, the reason, and what to do", () => {
    const warning = seedOutputWarning("acme/web/dev", enginesOf(12, proc));
    expect(warning).toMatch(/^--json, PULUMI_OPTION_DEBUG writes the seeds .* bootseed wait --stack acme\/web\/dev /);
  });
  it("is not there for a run that shows nothing, or whose engine is not found", () => {
    expect(seedOutputWarning("a/b/c", [{ args: ["pulumi", "up"], env: {} }])).toBeUndefined();
    expect(seedOutputWarning("a/b/c", [])).toBeUndefined();
  });
});
