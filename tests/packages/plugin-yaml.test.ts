/** A program in YAML reaches the component through the plugin. There is no stand-in for its language host: it runs where the official one is. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPlugin } from "../../tools/setup/engine/find.ts";
import { engineBin } from "../engine/engine.ts";
import { installedProject } from "./installed.ts";
import { ProjectBench } from "./project-bench.ts";
import { pluginIn } from "./remote-program.ts";

const HOST = "pulumi-language-yaml";
const bin = await engineBin();
const there = "file" in findPlugin({ program: HOST }, { path: [bin], plugins: bin }, join(bin, "pulumi"));
if (!there) process.stderr.write(`skipped: no official ${HOST} beside pulumi or in BOOTSEED_ENGINE_BIN\n`);

describe.skipIf(!there)("YAML", () => {
  let project: ProjectBench;
  beforeAll(async () => {
    const plugin = pluginIn(await installedProject());
    project = await ProjectBench.open((dir) => {
      mkdirSync(dir);
      const program = `name: new-project
runtime: yaml
plugins:
  providers:
    - name: bootseed
      path: ${plugin}
resources:
  web:
    type: bootseed:SeededDroplet
    properties:
      image: debian-12-x64
      region: ams3
      size: s-1vcpu-1gb
      userData: "#cloud-config\\npackages: [jq]\\n"
outputs:
  knownHosts: \${web.knownHosts}
  verdict: \${web.verdict}
`;
      writeFileSync(join(dir, "Pulumi.yaml"), program);
    });
  });
  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("up gives the droplet a seed, its keys come back, and a no-op changes nothing", async () => {
    await project.mustUp();
    expect(project.committed).toEqual([expect.stringMatching(/^web/)]);
    expect(String(project.bench.api.posted[0]?.["user_data"])).toMatch(/#cloud-boothook[^]*packages: \[jq\]/);
    expect(await project.output("knownHosts")).toMatch(/^(\S+ ssh-ed25519 \S+\n)+$/);
    expect(await project.output("verdict")).toBe("reseeded");
    await project.mustUp("--expect-no-changes");
    expect(project.committed).toEqual([]);
  });
});
