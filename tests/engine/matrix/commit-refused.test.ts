/** The commit fails: no API call, what exists stays, and the next run has another seed. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MatrixBench, present } from "./matrix-bench.ts";
import { PausingProxy } from "./pausing-proxy.ts";
import { Stops } from "./stops.ts";
import { counts } from "./table.ts";

const COMMIT = /^POST \/v1\/reservations\/[0-9a-f]{32}\/commit$/;

describe.skipIf(!present)("a commit that fails", () => {
  let matrix: MatrixBench;
  let proxy: PausingProxy;
  const stops = new Stops();

  beforeAll(async () => {
    if (!present) return;
    matrix = await MatrixBench.open();
    const path = join(matrix.bench.dir, "proxy.sock");
    proxy = await PausingProxy.open(path, matrix.host.mintSocket, stops);
    await matrix.set({ host: `unix://${path}` });
    await matrix.declare({ name: "other" });
    await matrix.bench.mustUp();
    await matrix.declare({ name: "other" }, { name: "web" });
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await matrix?.[Symbol.asyncDispose]();
  });

  /** An `up` whose commit gets no answer. */
  const unanswered = async (side: "before" | "after", ...args: string[]): Promise<void> => {
    const waits = stops.arm({ side, call: COMMIT });
    const up = matrix.bench.up(...args);
    await Promise.race([waits, up]);
    stops.drop();
    const { ok, output } = await up;
    expect(ok).toBe(false);
    expect(output).toMatch(
      /no seed for web: host unix:\S+ closed the connection before it answered: .*; nothing was created/,
    );
    expect(matrix.bench.api.calls).toEqual([]);
  };

  it("never reached the host", async () => {
    const act = (): Promise<void> => unanswered("before");
    await matrix.row("`up`, the commit does not reach the host", counts(2), "none: refused before any API call", act);
  });

  it("reached the host, and its answer was lost: that seed is spent", async () => {
    const act = (): Promise<void> => unanswered("after");
    const left = "none: refused before any API call";
    await matrix.row("`up`, the answer to the commit is lost", counts(2, 1, 0), left, act);
    await matrix.row("`up` after those", counts(2, 1), "created", () => matrix.bench.mustUp());
  });

  it("of a replacement: the old droplet stays, and its seed is still its own", async () => {
    const replace = ["--replace", await matrix.bench.urn("web")];
    await matrix.row("`up --replace`, the answer to the commit is lost", counts(2, 1, 0), "kept", () =>
      unanswered("after", ...replace),
    );
    await matrix.row("`up` after that, nothing changed", counts(2), "kept", () =>
      matrix.bench.mustUp("--expect-no-changes"),
    );
    await matrix.row("`up --replace` after that", counts(2, 1), "replaced", () => matrix.bench.mustUp(...replace));
  });

  it("is in docs/pulumi.md as it was here", () => matrix.expectInDocs("commit-refused", import.meta.filename));
});
