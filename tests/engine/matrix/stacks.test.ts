/** Two stacks of one program with droplets of the same names, at the same time, at one host. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const OTHER = ["--stack", "other"];
const BOTH = ["test/web", "test/db", "other/web", "other/db"];
const UP = ["up", "--yes", "--skip-preview"];

describe.skipIf(!present)("two stacks", () => {
  let matrix: MatrixBench;

  beforeAll(async () => {
    matrix = await MatrixBench.open();
    await matrix.declare({ name: "web" }, { name: "db" });
    await matrix.bench.must("stack", "init", "other", "--no-select", "--copy-config-from", "test");
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());
  const bothUp = (): Promise<unknown> => Promise.all([matrix.bench.must(...UP), matrix.bench.must(...UP, ...OTHER)]);

  it("create at once: no name is mixed up", async () => {
    const expected = counts(4, 4);
    await matrix.row("`up` of two stacks at once, the same two names in both", expected, "4 created", bothUp, BOTH);
    const rows = [...(await matrix.snapshot()).host.values()];
    const ids = (stack: string): string[] =>
      rows.filter((vm) => vm.stack.endsWith(`/${stack}`)).map(({ instanceId }) => instanceId ?? "");
    expect(new Set([...ids("test"), ...ids("other")]).size).toBe(4);
    expect(rows.every(({ stack, urn }) => urn.startsWith(`urn:pulumi:${stack.split("/").at(-1)}::`))).toBe(true);
  });

  it("no-op at once", async () => {
    const expected = counts(4);
    await matrix.row("`up` of both again, nothing changed", expected, "4 kept", bothUp, BOTH);
  });

  it("one replaces while the other destroys", async () => {
    const expected = counts(2, 1);
    const urn = await matrix.bench.urn("web");
    const act = (): Promise<unknown> =>
      Promise.all([
        matrix.bench.must(...UP, "--replace", urn),
        matrix.bench.must("destroy", "--yes", "--skip-preview", ...OTHER),
      ]);
    const subjects = ["test/web", "other/web", "other/db"];
    await matrix.row("`--replace` in one while the other is destroyed", expected, "1 replaced, 2 gone", act, subjects);
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("stacks", import.meta.filename));
});
