/** A create that fails at the cloud: the seed was committed, and is never used by a second machine that counts. */
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../engine.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const CREATE = "POST /v2/droplets";
/** A request without an answer, in the words of Node and of Go. */
const DROPPED = /POST \S+\/v2\/droplets: fetch failed|Post "\S+\/v2\/droplets": /;

describe.skipIf(!present)("a create that fails", () => {
  let matrix: MatrixBench;
  const posts = (): number => matrix.bench.api.calls.filter((call) => call === CREATE).length;

  /** `up` that the API spoils in this way, and what the user reads. */
  const spoiled = async (fault: string, told: RegExp): Promise<void> => {
    matrix.bench.api.faults.add(fault);
    const { ok, output } = await matrix.bench.up();
    matrix.bench.api.faults.clear();
    expect(ok, output).toBe(false);
    expect(output).toMatch(told);
    // No secret of a request that failed is in what the user reads.
    expect(output).not.toMatch(/BOOTSEED=|#cloud-boothook/);
  };
  /** The next case begins with a create again. */
  const withoutWeb = async (): Promise<void> => {
    const web = ["--target", await matrix.bench.urn("web"), "--target-dependents"];
    await matrix.bench.must("destroy", "--yes", "--skip-preview", ...web);
  };
  /** The states of what is called web in `bootseed vm ls`. */
  const listed = async (): Promise<(string | undefined)[]> => {
    const cli = [`${ROOT}/seeder/cli/main.ts`, "vm", "ls", "--host", matrix.mint];
    const { stdout } = await execa("node", cli, { preferLocal: true });
    const lines = stdout.split("\n").filter((line) => line.startsWith("web "));
    return lines.map((line) => /committed|provisional|claimed|reported/.exec(line)?.[0]);
  };

  beforeAll(async () => {
    if (!present) return;
    matrix = await MatrixBench.open();
    await matrix.declare({ name: "other" });
    await matrix.bench.mustUp();
    await matrix.declare({ name: "other" }, { name: "web" });
  });
  afterAll(() => matrix?.[Symbol.asyncDispose]());

  it.each([
    ["422", /POST \S+\/v2\/droplets: 422 /],
    ["429", /POST \S+\/v2\/droplets: 429 /],
  ] as const)("%s: nothing was made", async (status, told) => {
    const act = (): Promise<void> => spoiled(`${CREATE}: ${status} x*`, told);
    await matrix.row(`\`up\`, the cloud answers ${status}`, counts(2, 1, 0), "none", act);
  });

  it("503, or a connection that drops before the cloud has read: twice is too often", async () => {
    await matrix.row("`up`, the cloud answers 503", counts(2, 1, 0), "none", () =>
      spoiled(`${CREATE}: 503 x*`, /POST \S+\/v2\/droplets: 503 /),
    );
    await matrix.row("`up`, the connection drops before the cloud has read", counts(2, 1, 0), "none", () =>
      spoiled(`${CREATE}: drop-before x*`, DROPPED),
    );
    await matrix.row("`up` after those four", counts(2, 1), "created", () => matrix.bench.mustUp());
    // Four were committed and never used; they are still to be seen.
    expect(await listed()).toEqual(["committed", "committed", "committed", "committed", "reported"]);
    await withoutWeb();
  });

  it("503 once: the provider sends the same again, and one droplet is made", async () => {
    await matrix.row("`up`, the cloud answers 503, then creates", counts(2, 1), "created", async () => {
      matrix.bench.api.faults.add(`${CREATE}: 503`);
      await matrix.bench.mustUp();
    });
    expect(posts()).toBe(2);
    await withoutWeb();
  });

  it("the answer is lost, and the provider sends the same again: two droplets have one seed, and one of them enrols", async () => {
    const left = "created, 1 orphan: both have the one seed; only that whose id the stack knows enrols";
    await matrix.row("`up`, the answer to `POST` is lost, then created", counts(2, 1), left, async () => {
      matrix.bench.api.faults.add(`${CREATE}: drop-after`);
      await matrix.bench.mustUp();
    });
    const [orphan, known] = matrix.made.slice(-2);
    expect(orphan?.seedId).toBe(known?.seedId);
    expect(matrix.machines.vms.map(({ enrolled }) => enrolled).slice(-2)).toEqual([false, true]);
    // What the operator sees: the host names the machine that it did not let in.
    const needed = matrix.host.log.split("\n").filter((line) => line.includes('"claim needs an operator"'));
    expect(needed.at(-1)).toContain(`"instanceId":"${orphan?.id}"`);
    matrix.bench.api.droplets.delete(orphan?.id ?? 0);
    await withoutWeb();
  });

  it("the answer is lost twice: the orphans never enrol, and the next up makes another with another seed", async () => {
    const left = "none, 2 orphans: they have the one seed; neither enrols; `bootseed vm ls`: provisional";
    await matrix.row("`up`, the answer to `POST` is lost twice", counts(2, 1, 1, 0), left, () =>
      spoiled(`${CREATE}: drop-after x2`, DROPPED),
    );
    expect((await listed()).at(-1)).toBe("provisional");
    await matrix.row("`up` after that", counts(2, 1), "created: the orphans never enrol", () => matrix.bench.mustUp());
    const [first, second, third] = matrix.made.slice(-3).map(({ seedId }) => seedId);
    expect([first === second, second === third]).toEqual([true, false]);
    expect(matrix.machines.vms.map(({ enrolled }) => enrolled).slice(-3)).toEqual([false, false, true]);
    expect((await listed()).slice(-2)).toEqual(["provisional", "reported"]);
  });

  it("the cloud forgets to answer after it created: the droplet is in the state, and enrols in the next run", async () => {
    await withoutWeb();
    await matrix.row("`up`, no answer any more after `POST`", counts(2, 1, 1, 0), "created: waits for its id", () =>
      spoiled("GET /v2/droplets/*: 500 x*", /GET \S+\/v2\/droplets\/\d+: 500 /),
    );
    await matrix.row("`up` after that", counts(2, 0, 0, 1), "kept", () => matrix.bench.mustUp());
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("failed-create", import.meta.filename));
});
