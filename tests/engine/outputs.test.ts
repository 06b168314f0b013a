/** Host keys in the state: there after create, free in a no-op, new after a replacement, healed when the host was away. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;
const keys = async (): Promise<string> => String(await bench.output("knownHosts"));

beforeAll(async () => {
  bench = await Workbench.open();
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
  await bench.configure(mint.url, [{ name: "web" }], { reportTimeoutSeconds: "1", sshPort: "2222" });
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

it("create: one known_hosts line for the droplet's address and port, and what else was reported", async () => {
  await bench.mustUp();
  expect(await keys()).toMatch(/^\[127\.77\.0\.1\]:2222 ssh-ed25519 [A-Za-z0-9+/]+=*\n$/);
  expect(await bench.output("droplets")).toEqual([
    {
      name: "web",
      id: "100",
      ipv4Address: "127.77.0.1",
      seedId: mint.rows[0]?.seedId,
      verdict: "reseeded",
      sshHostKeys: [expect.stringMatching(/^ssh-ed25519 /)],
    },
  ]);
});

it("no-op and preview keep the outputs while the host is away", async () => {
  const before = await keys();
  await mint.close();
  await bench.mustUp("--expect-no-changes");
  await bench.must("preview", "--expect-no-changes");
  await mint.listen();
  expect(await keys()).toBe(before);
});

it("a replacement brings the new machine's keys", async () => {
  const before = await keys();
  await bench.mustUp("--replace", await bench.urn("web"));
  expect(await keys()).toMatch(/^\[127\.77\.0\.2\]:2222 ssh-ed25519 /);
  expect(await keys()).not.toBe(before);
});

it("no report in time: up says so, the old keys are not taken for the new machine's, and the next up heals", async () => {
  mint.reports = false;
  const { ok, output } = await bench.up("--replace", await bench.urn("web"));
  expect(ok).toBe(false);
  expect(output).toMatch(
    /the droplet exists, but its host-key report did not come \(web: committed at host \S+\): run pulumi up again; bootseed wait --stack organization\/bootseed\/test shows/,
  );
  expect(bench.api.posted).toHaveLength(3);
  mint.reports = true;
  await bench.mustUp();
  expect(bench.api.posted).toHaveLength(3);
  expect(await keys()).toMatch(/^\[127\.77\.0\.3\]:2222 ssh-ed25519 /);
  expect([...bench.api.droplets.keys()]).toEqual([102]);
});

it("host lost right after create: the next up binds the seed and heals", async () => {
  await bench.configure(mint.url, [{ name: "web" }, { name: "db" }]);
  bench.api.onCreate = () => void mint.close();
  const { ok } = await bench.up();
  expect(ok).toBe(false);
  bench.api.onCreate = () => undefined;
  await mint.listen();
  await bench.mustUp();
  expect((await keys()).split("\n").filter((line) => line !== "")).toHaveLength(2);
  expect(mint.rows.at(-1)).toMatchObject({ name: "db", instanceId: "103" });
});

it("a POST answered 503 is repeated with the same body, and one droplet comes of it", async () => {
  await bench.configure(mint.url, [{ name: "web" }, { name: "db" }, { name: "late" }]);
  bench.api.refusePosts = 1;
  await bench.mustUp();
  const [first, second] = bench.api.posted.slice(-2);
  expect(second).toEqual(first);
  expect(bench.api.droplets.size).toBe(3);
});

it("a host that knows nothing of an existing droplet: no report to wait for, and no change", async () => {
  mint.rows.length = 0;
  await bench.mustUp("--expect-no-changes");
});
