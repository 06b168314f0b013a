/** A program in Python, with the official SDK, reaches the component through the plugin. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPlugin } from "../../tools/setup/engine/find.ts";
import { engineBin, ROOT } from "../engine/engine.ts";
import { prerequisite } from "../prerequisite.ts";
import { installedProject } from "./installed.ts";
import { ProjectBench } from "./project-bench.ts";
import { pythonSdk, writePythonHost } from "./python/sdk.ts";
import { pluginIn } from "./remote-program.ts";

const HOST = "pulumi-language-python";
const LABEL = "bootseed's stand-in, not the official pulumi-language-python";

const python = await pythonSdk();
const there = prerequisite(python !== undefined, "expected pulumi from PyPI: python3 -m venv and pip have to work");

describe.skipIf(!there)("Python", () => {
  let project: ProjectBench;
  let official: boolean;
  beforeAll(async () => {
    const plugin = pluginIn(await installedProject());
    project = await ProjectBench.open((dir) => {
      mkdirSync(dir);
      const yaml = `name: new-project\nruntime: python\nplugins:\n  providers:\n    - name: bootseed\n      path: ${plugin}\n`;
      writeFileSync(join(dir, "Pulumi.yaml"), yaml);
      copyFileSync(join(import.meta.dirname, "python/__main__.py"), join(dir, "__main__.py"));
    });
    const [engine, bin] = [await engineBin(), join(project.bench.dir, "bin")];
    const places = { path: [engine], plugins: join(bin, "none") };
    // On PATH the stand-in would win over an official host beside the engine. That one starts the first python3 on PATH.
    official = "file" in findPlugin({ program: HOST }, places, join(engine, "pulumi"));
    if (!official) writePythonHost(bin, python ?? "");
    const own = official ? dirname(python ?? "") : bin;
    const path = [engine, own, join(ROOT, "node_modules/.bin"), "/usr/local/bin", "/usr/bin", "/bin"];
    project.bench.moreEnv["PATH"] = path.join(delimiter);
  });
  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("preview asks nobody; up gives the droplet a seed, and its keys come back", async () => {
    expect(await project.must("preview")).toMatch(/\+ 4 to create/);
    expect([project.mint.calls, project.bench.api.calls]).toEqual([[], []]);
    expect((await project.mustUp()).includes(LABEL)).toBe(!official);
    expect(project.committed).toEqual([expect.stringMatching(/^web/)]);
    const [posted] = project.bench.api.posted;
    expect(posted?.["tags"]).toEqual(["python"]);
    expect(String(posted?.["user_data"])).toMatch(/#cloud-boothook[^]*packages: \[jq\]/);
    expect(await project.output("knownHosts")).toMatch(/^(\S+ ssh-ed25519 \S+\n)+$/);
    expect(await project.output("verdict")).toBe("reseeded");
    expect(String(await project.output("knownHosts"))).toContain(String(await project.output("address")));
  });

  it("a no-op changes nothing, a replacement gets a fresh seed", async () => {
    await project.mustUp("--expect-no-changes");
    expect(project.committed).toEqual([]);
    const urn = /urn:[^"]*droplet:Droplet::web(?=")/.exec(await project.must("stack", "export"))?.[0] ?? "";
    await project.mustUp("--replace", urn);
    expect([project.committed.length, project.bench.api.posted.length]).toEqual([1, 1]);
  });

  it("a plain destroy takes the droplet away", async () => {
    await project.must("destroy", "--yes");
    expect(project.bench.api.droplets.size).toBe(0);
  });
});
