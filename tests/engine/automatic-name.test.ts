/**
 * Replacements, as `bootseed wait` and `bootseed known-hosts` see them. A droplet without a name of its own has another
 * one after each: its place in the stack is its URN alone.
 */
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./engine.ts";
import { MatrixBench, present } from "./matrix/matrix-bench.ts";

const STACK = ["--stack", "organization/bootseed/test"];

describe.skipIf(!present).each([
  ["an automatic name", true],
  ["a name of its own", false],
])("a droplet with %s", (_, automaticName) => {
  let matrix: MatrixBench;
  const bootseed = async (...args: string[]): Promise<{ exitCode?: number; lines: string[]; stderr: string }> => {
    const cli = [`${ROOT}/seeder/cli/main.ts`, ...args, "--host", matrix.mint];
    const { exitCode, stdout, stderr } = await execa("node", cli, { preferLocal: true, reject: false });
    return { ...(exitCode === undefined ? {} : { exitCode }), lines: stdout.split("\n"), stderr };
  };
  const expectOnlyNewest = async (): Promise<void> => {
    expect(await bootseed("wait", ...STACK, "--timeout", "2s")).toMatchObject({ exitCode: 0 });
    const [now, ...more] = [...matrix.bench.api.droplets.values()];
    expect(more).toEqual([]);
    const { lines } = await bootseed("known-hosts", ...STACK);
    expect(lines).toEqual([expect.stringMatching(`^${now?.address} ssh-ed25519 `)]);
  };

  beforeAll(async () => {
    matrix = await MatrixBench.open();
    await matrix.declare({ name: "web", automaticName });
    await matrix.bench.mustUp();
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  it("is created under that name", () => {
    const names = [...matrix.bench.api.droplets.values()].map(({ name }) => name);
    expect(names).toEqual([automaticName ? expect.stringMatching(/^web-[0-9a-f]{7}$/) : "web"]);
  });

  it("is not waited for once it is replaced, and its address is not printed", async () => {
    await matrix.bench.mustUp("--replace", await matrix.bench.urn("web"));
    await expectOnlyNewest();
  });

  it("nor is one that the cloud refused, when the next attempt succeeded", async () => {
    matrix.bench.api.faults.add("POST /v2/droplets: 422 x1");
    expect((await matrix.bench.up("--replace", await matrix.bench.urn("web"))).ok).toBe(false);
    await matrix.bench.mustUp("--replace", await matrix.bench.urn("web"));
    await expectOnlyNewest();
  });
});
