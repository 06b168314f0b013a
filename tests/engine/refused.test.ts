/** What cannot have a seed is refused before anything is created, in preview, on its own droplet; what exists is left alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fleet, type FleetDroplet } from "./fleet.ts";

const BIG = `#cloud-config\n# ${"x".repeat(60_000)}\n`;
const SIZES =
  /user-data would be [\d,]+ bytes, [\d,]+ over the limit of 65,536: your document 60,017, kit [\d,]+, seed \d+, hook [\d,]+, envelope \d+/;

/** The errors under their resources: "droplet: error". */
function errorsOf(output: string): string[] {
  let resource = "";
  return output
    .slice(output.indexOf("Diagnostics:"))
    .split("\n")
    .flatMap((line) => {
      resource = /^ {2}(?:\S+) \((.*)\):$/.exec(line)?.[1] ?? resource;
      const error = /^ {4}error: (.*)$/.exec(line)?.[1];
      return error === undefined || /^(preview|update) failed$/.test(error) ? [] : [`${resource}: ${error}`];
    });
}

const CASES: [string, Partial<FleetDroplet>, RegExp][] = [
  ["too large", { args: { userData: BIG } }, SIZES],
  [
    "unknown leading text",
    { args: { userData: "packages: [jq]\n" } },
    /userData begins with "packages: .*#cloud-config/,
  ],
  ["FreeBSD", { args: { image: "freebsd-12-x64" } }, /image freebsd-12-x64 .*it is not Linux; .*bootseed-agent join/],
  ["no python3", { args: { image: "fedora-coreos-40" } }, /it has no python3; .*bootseed-agent join/],
  ["old python3", { args: { image: "docker-18-04" } }, /its python3 is older than 3\.8; .*bootseed-agent join/],
];

describe.each([
  ["seedStack", true, {}, CASES],
  ["SeededDroplet", false, { where: "seeded" }, CASES.slice(0, 3)],
] as const)("%s", (_name, seedStack, where, cases) => {
  let fleet: Fleet;
  beforeAll(async () => void (fleet = await Fleet.open(seedStack, { name: "web", ...where })));
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  it.each(cases)("%s", async (name, special, sentence) => {
    await fleet.declare({ name: "web", ...where, ...special });
    fleet.forget();
    // Preview says it; one case shows that up, with the preview skipped, says and does the same.
    const runs = [await fleet.bench.run("preview"), ...(name === "too large" ? [await fleet.up()] : [])];
    for (const { ok, output } of runs) {
      expect(ok).toBe(false);
      const errors = errorsOf(output);
      expect(errors).toEqual([
        expect.stringMatching(
          /^web: (Preview failed: )?before hook "bootseed-commit" failed: web: .*nothing was created/,
        ),
      ]);
      expect(errors[0]).toMatch(sentence);
      expect(output).not.toMatch(/at .*\.ts:\d+/);
    }
    expect([fleet.committed, fleet.bench.api.calls, fleet.bench.api.droplets.size]).toEqual([[], [], 0]);
  });
});

describe("what exists", () => {
  const old: FleetDroplet[] = [
    { name: "big", args: { userData: BIG } },
    { name: "bsd", args: { image: "freebsd-12-x64" } },
    { name: "odd", args: { userData: "packages: [jq]\n" } },
  ];

  it("is adopted without a change, whatever it is; making it anew is refused and does not cost the old one", async () => {
    await using fleet = await Fleet.open(false, ...old);
    await fleet.mustUp();
    await fleet.set({ seedStack: "yes" });
    await fleet.bench.must("preview", "--expect-no-changes");
    await fleet.mustUp("--expect-no-changes");
    for (const { name } of old) {
      expect((await fleet.up("--replace", await fleet.bench.urn(name))).ok).toBe(false);
      expect(fleet.bench.api.calls).toEqual([]);
    }
    expect(fleet.bench.api.droplets.size).toBe(old.length);
    expect(fleet.committed).toEqual([]);
  });

  it("is not even deleted first where its owner wants that, if it is known that the new one is refused", async () => {
    const first = { name: "first", args: { userData: BIG }, opts: { deleteBeforeReplace: true } };
    await using fleet = await Fleet.open(false, first);
    await fleet.mustUp();
    await fleet.set({ seedStack: "yes" });
    expect((await fleet.up("--replace", await fleet.bench.urn("first"))).ok).toBe(false);
    expect(fleet.bench.api.calls).toEqual([]);
  });
});

describe("an autoscale pool under seedStack", () => {
  it("is refused by a sentence that names join and the way round; left alone by select it goes its way", async () => {
    await using fleet = await Fleet.open(true, { name: "web" });
    await fleet.set({ pool: "yes" });
    const { ok, output } = await fleet.bench.run("preview");
    expect(ok).toBe(false);
    expect(errorsOf(output)).toEqual([
      expect.stringMatching(
        /^pool: .*pool: an autoscale pool .*nothing was created: .*bootseed-agent join, or .*select: /,
      ),
    ]);
    await fleet.set({ left: '["pool"]' });
    await fleet.bench.must("preview");
  });
});
