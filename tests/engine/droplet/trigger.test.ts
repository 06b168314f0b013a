/** Options of the user's own on a SeededDroplet do to its droplet what they do to any droplet. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

const CASE = "C7 (pulumi/pulumi#9877, #17838): ";
const INSIDE = /bootseed:index:SeededDroplet\$digitalocean:index\/droplet:Droplet::web/;
let bench: Workbench;
let mint: FakeMint;

const set = async (values: Record<string, string>): Promise<void> => {
  for (const [key, value] of Object.entries(values)) await bench.must("config", "set", `bootseed:${key}`, value);
};
const own = (options: Record<string, unknown>): Promise<void> => set({ own: JSON.stringify(options) });
/** One `up`; @returns its output, and the names of the droplets that it made and deleted */
async function up(...args: string[]): Promise<{ output: string; made: string[]; deleted: number }> {
  bench.api.posted.length = 0;
  const output = await bench.mustUp(...args);
  const deleted = bench.api.calls.filter((call) => call.startsWith("DELETE /v2/droplets/"));
  return { output, made: bench.api.posted.map(({ name }) => String(name)).toSorted(), deleted: deleted.length };
}
const NOTHING = expect.objectContaining({ made: [], deleted: 0 }) as unknown;

beforeAll(async () => {
  bench = await Workbench.open("tests/engine/programs/trigger.ts");
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
  await set({ host: mint.url });
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

it.each([
  ["a text", {}, "one", "two"],
  ["a secret", { secret: true }, "one", "two"],
  ["an object", {}, { image: 1, note: "a" }, { image: 2, note: "a" }],
  ["with ignoreChanges of user-data", { fixed: true }, "one", "two"],
])(
  `${CASE}a replacementTrigger of the program's own, %s: changed, the droplet is replaced; unchanged, nothing changes`,
  async (_, options, first, second) => {
    await bench.must("destroy", "--yes", "--skip-preview");
    await own({ ...options, trigger: first });
    expect((await up()).made).toEqual(["other", "web"]);
    const before = await bench.output("id");
    expect(await up("--expect-no-changes")).toEqual(NOTHING);

    await own({ ...options, trigger: second });
    mint.calls.length = 0;
    expect(await up()).toMatchObject({ made: ["web"], deleted: 1 });
    const after = await bench.output("id");
    expect(after).not.toBe(before);
    expect([...bench.api.droplets.keys()].map(String)).toContain(after);
    expect(mint.calls.filter((call) => call.startsWith("commit "))).toEqual(["commit web"]);
    expect(await up("--expect-no-changes")).toEqual(NOTHING);
  },
);

it(`${CASE}replaceWith: where the other droplet is replaced, this one is too`, async () => {
  await own({});
  await up();
  const before = await bench.output("id");
  expect((await up("--replace", await bench.urn("other"))).made).toEqual(["other", "web"]);
  expect(await bench.output("id")).not.toBe(before);
});

it(`${CASE}hooks of the program's own are called for the droplet, and one that refuses costs no seed`, async () => {
  await own({});
  await up();
  const { output } = await up("--replace", await bench.urn("web"));
  for (const when of ["before-create", "after-create"])
    expect(output).toMatch(new RegExp(`own hook: ${when} of urn:\\S+${INSIDE.source}`));
  await set({ refuse: "before-create" });
  mint.calls.length = 0;
  const refused = await bench.up("--replace", await bench.urn("web"));
  expect(refused.ok).toBe(false);
  expect(refused.output).toMatch(/own hook refuses: before-create/);
  expect(mint.calls.filter((call) => call.startsWith("commit "))).toEqual([]);
  await set({ refuse: "never" });
});

it(`${CASE}hideDiffs: what it names is not shown in a diff of the droplet`, async () => {
  const diff = async (hide: boolean): Promise<string> => {
    await own({ hide });
    await set({ tags: '["old-tag"]' });
    await up();
    await set({ tags: '["new-tag"]' });
    const shown = await bench.must("preview", "--diff");
    expect(shown).toMatch(/1 to update/);
    return shown;
  };
  expect(await diff(false)).toMatch(/new-tag/);
  expect(await diff(true)).not.toMatch(/new-tag/);
});
