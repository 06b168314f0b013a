/**
 * A create that fails at the cloud: the seed was committed, and is never used by a second machine that counts. The
 * provider retries as often as it does by default: it sends a create five times, each with the same seed.
 */
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../engine.ts";
import { MatrixBench, present } from "./matrix-bench.ts";
import { counts } from "./table.ts";

const CREATE = "POST /v2/droplets";
/** Requests that the provider sends before it gives up, by its default of four retries. */
const SENT = 5;
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
    ["422", /POST \S+\/v2\/droplets: 422 /, 1],
    ["429", /POST \S+\/v2\/droplets: 429 /, SENT],
  ] as const)("%s each time: nothing was made", async (status, told, sent) => {
    const act = (): Promise<void> => spoiled(`${CREATE}: ${status} x*`, told);
    await matrix.row(`\`up\`, the cloud answers ${status} each time`, counts(2, 1, 0), "none", act);
    expect(posts()).toBe(sent);
  });

  it("503, or a connection that drops before the cloud has read, each time: nothing was made", async () => {
    await matrix.row("`up`, the cloud answers 503 each time", counts(2, 1, 0), "none", () =>
      spoiled(`${CREATE}: 503 x*`, /POST \S+\/v2\/droplets: 503 /),
    );
    expect(posts()).toBe(SENT);
    await matrix.row("`up`, the connection drops each time before the cloud has read", counts(2, 1, 0), "none", () =>
      spoiled(`${CREATE}: drop-before x*`, DROPPED),
    );
    expect(posts()).toBe(SENT);
    await matrix.row("`up` after those four", counts(2, 1), "created", () => matrix.bench.mustUp());
    // Four were committed and never used; they are still to be seen.
    expect(await listed()).toEqual(["committed", "committed", "committed", "committed", "reported"]);
    await withoutWeb();
  });

  it.each(["429", "503"])("%s four times: the provider retries, and one droplet is made", async (status) => {
    await matrix.row(
      `\`up\`, the cloud answers ${status} four times, then creates`,
      counts(2, 1),
      "created",
      async () => {
        matrix.bench.api.faults.add(`${CREATE}: ${status} x4`);
        await matrix.bench.mustUp();
      },
    );
    expect(posts()).toBe(SENT);
    await withoutWeb();
  });

  it.each([
    [1, "once", "1 orphan: both have the one seed; only the droplet whose id the stack knows enrols"],
    [4, "four times", "4 orphans: all five have the one seed; only the droplet whose id the stack knows enrols"],
  ])("%i answers are lost: all the droplets have one seed, and one of them enrols", async (lost, times, orphans) => {
    const what = `\`up\`, the answer to \`POST\` is lost ${times}, then created`;
    await matrix.row(what, counts(2, 1), `created, ${orphans}`, async () => {
      matrix.bench.api.faults.add(`${CREATE}: drop-after x${lost}`);
      await matrix.bench.mustUp();
    });
    const made = matrix.made.slice(-lost - 1);
    expect(new Set(made.map(({ seedId }) => seedId)).size).toBe(1);
    const enrolled = matrix.machines.vms.slice(-lost - 1).map((vm) => vm.enrolled);
    expect(enrolled).toEqual([...made.slice(1).map(() => false), true]);
    // What the operator sees: the host names the machines that it did not let in.
    const needed = matrix.host.log.split("\n").filter((line) => line.includes('"claim needs an operator"'));
    for (const { id } of made.slice(0, -1)) {
      expect(needed.join("\n")).toContain(`"instanceId":"${id}"`);
      matrix.bench.api.droplets.delete(id);
    }
    await withoutWeb();
  });

  it("all answers are lost: the orphans never enrol, and the next up makes another with another seed", async () => {
    const left = "none, 5 orphans: they have the one seed; none enrols; `bootseed vm ls`: provisional";
    await matrix.row("`up`, the answer to `POST` is lost each time", counts(2, 1, 1, 0), left, () =>
      spoiled(`${CREATE}: drop-after x${SENT}`, DROPPED),
    );
    expect((await listed()).at(-1)).toBe("provisional");
    await matrix.row("`up` after that", counts(2, 1), "created: the orphans never enrol", () => matrix.bench.mustUp());
    const seeds = matrix.made.slice(-SENT - 1).map(({ seedId }) => seedId);
    expect(new Set(seeds.slice(0, SENT)).size).toBe(1);
    expect(seeds[0]).not.toBe(seeds[SENT]);
    const enrolled = matrix.machines.vms.slice(-SENT - 1).map((vm) => vm.enrolled);
    expect(enrolled).toEqual([...Array.from({ length: SENT }, () => false), true]);
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
