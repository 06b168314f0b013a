/** `destroy` with nothing but the state, and of what is already gone. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const NONE = counts(0);
const DESTROY = ["destroy", "--yes", "--skip-preview"];

describe.skipIf(!present)("destroy", () => {
  let matrix: MatrixBench;
  beforeAll(async () => {
    matrix = await MatrixBench.open();
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  it("without the program and without the host", async () => {
    await matrix.declare({ name: "web" }, { name: "old", where: "component" });
    await matrix.set({ seedStack: "yes" });
    await matrix.bench.mustUp();
    const project = join(matrix.bench.dir, "project");
    const withProgram = readFileSync(join(project, "Pulumi.yaml"), "utf8");
    writeFileSync(join(project, "Pulumi.yaml"), withProgram.replace(/^main: .*\n/m, ""));
    renameSync(join(project, "tests"), join(project, "away"));
    await matrix.machines.rest();
    await matrix.snapshot(); // what the host knew
    await matrix.host.stop();
    const what = "`destroy`, program and host away";
    await matrix.row(what, NONE, "2 gone", () => matrix.bench.must(...DESTROY), ["web", "old"]);
    await matrix.host.start();
    renameSync(join(project, "away"), join(project, "tests"));
    writeFileSync(join(project, "Pulumi.yaml"), withProgram);
  });

  it("of a droplet that is gone", async () => {
    await matrix.declare({ name: "web" });
    await matrix.bench.mustUp();
    matrix.bench.api.droplets.clear();
    const what = "`destroy` of a droplet that was deleted elsewhere";
    await matrix.row(what, NONE, "none: the provider refuses, and the state still has it", async () => {
      const gone =
        /waiting for droplet to be unlocked for destroy \(\d+\): unexpected state 'Not Found', wanted target 'false'/;
      expect((await matrix.bench.run(...DESTROY)).output).toMatch(gone);
    });
    await matrix.row("… then `refresh`, `destroy`", NONE, "none: the state is empty", async () => {
      await matrix.bench.must("refresh", "--yes", "--skip-preview");
      await matrix.bench.must(...DESTROY);
    });
    expect((await matrix.snapshot()).known).toEqual([]);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("destroyed", import.meta.filename));
});
