/** A company's own transform of droplets beside ours: its default reaches the machine with the seed, or nothing is created. */
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "../fake-mint.ts";
import { Workbench } from "../workbench.ts";

const CASE = "C8 (pulumi/pulumi#6214, #16304): ";
const SEED = /^BOOTSEED=\S+$/gm;
const OWN = "#cloud-config\n";

describe.each(["stack", "seeded"])("%s", (way) => {
  let bench: Workbench;
  let mint: FakeMint;
  const set = async (values: Record<string, string>): Promise<void> => {
    for (const [key, value] of Object.entries(values)) await bench.must("config", "set", `bootseed:${key}`, value);
  };
  beforeAll(async () => {
    bench = await Workbench.open("tests/engine/programs/rules.ts");
    mint = await startFakeMint(join(bench.dir, "mint.sock"));
    await set({ host: mint.url, way });
  });
  beforeEach(async () => {
    await bench.must("destroy", "--yes", "--skip-preview");
    for (const key of ["userData", "legacy", "bare"]) await bench.run("config", "rm", `bootseed:${key}`);
    mint.calls.length = 0;
    bench.api.posted.length = 0;
  });
  afterAll(async () => {
    await mint?.close();
    await bench?.close();
  });
  const committed = (): string[] => mint.calls.filter((call) => call.startsWith("commit "));
  /** user_data of the one droplet, with one seed in a MIME message that ends where it should. */
  const posted = (): string => {
    expect(bench.api.posted).toHaveLength(1);
    const text = String(bench.api.posted[0]?.["user_data"]);
    expect(text.match(SEED)).toHaveLength(1);
    const boundary = /boundary="?([^"\n;]+)"?/.exec(text)?.[1] ?? "no boundary";
    expect(text.trimEnd().endsWith(`--${boundary}--`)).toBe(true);
    return text;
  };

  it.each([
    ["before", "default", "", "packages: [fail2ban]"],
    ["after", "default", "", "packages: [fail2ban]"],
    ["before", "append", OWN, "runcmd: [ls]"],
    ["after", "append", OWN, "runcmd: [ls]"],
    ["before", "replace", OWN, "packages: [fail2ban]"],
    ["after", "replace", OWN, "packages: [fail2ban]"],
    ["after", "remove", OWN, ""],
    ["below", "default", "", "packages: [fail2ban]"],
    ["after", "none", OWN, OWN],
  ])(
    `${CASE}a rule %s seedStack, %s: the droplet has its seed and the company's document`,
    async (when, rule, userData, document) => {
      await set({ when, rule, ...(userData === "" ? {} : { userData }) });
      await bench.mustUp();
      expect(posted()).toContain(document);
      expect(committed()).toEqual(["commit web"]);
      await bench.mustUp("--expect-no-changes");
    },
  );

  it(`${CASE}a rule that sets tags alone changes no seed, wherever it is registered`, async () => {
    for (const when of ["before", "after", "below"]) {
      await set({ when, rule: "tags" });
      bench.api.posted.length = 0;
      await bench.mustUp(...(when === "before" ? [] : ["--replace", await bench.urn("web")]));
      posted();
      expect(bench.api.posted[0]?.["tags"]).toEqual(["company"]);
    }
  });

  it(`${CASE}an old transformation of the stack's gives its default too`, async () => {
    await set({ when: "after", rule: "default", legacy: "yes" });
    await bench.mustUp();
    expect(posted()).toContain("packages: [fail2ban]");
  });

  it.each(["append", "replace", "remove"])(
    `${CASE}a rule that comes after the first droplet and touches user-data (%s): refused, no seed is spent`,
    async (rule) => {
      await set({ when: "late", rule, userData: OWN });
      const { ok, output } = await bench.up();
      expect(ok).toBe(false);
      expect(output).toMatch(
        /web: a transform that runs after bootseed's changed its user-data.*register it before the first droplet/,
      );
      expect([committed(), bench.api.posted.length]).toEqual([["commit first"], 1]);
      // What is known beforehand is refused in preview.
      const preview = await bench.run("preview");
      expect(preview.ok).toBe(rule === "append");
    },
  );

  it(`${CASE}a rule that comes late and changes the image is refused, in preview too`, async () => {
    await set({ when: "late", rule: "image" });
    for (const { ok, output } of [await bench.run("preview"), await bench.up()]) {
      expect(ok).toBe(false);
      expect(output).toMatch(/web: image freebsd-12-x64 cannot be seeded/);
    }
    expect([committed(), bench.api.posted.length]).toEqual([["commit first"], 1]);
  });
});
