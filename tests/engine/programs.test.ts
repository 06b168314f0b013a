/** What a program says when its configuration is wrong, and a program that has droplets already. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

describe("configuration that is wrong", () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await Workbench.open()));
  afterAll(() => bench?.close());

  /** The engine's error lines without its frame. */
  const refusal = async (): Promise<string> => {
    const { ok, output } = await bench.run("preview");
    expect(ok).toBe(false);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    return output.slice(output.indexOf("Diagnostics:"));
  };

  it("no host: the line to type", async () => {
    expect(await refusal()).toMatch(/error: No host is configured: pulumi config set bootseed:host unix:\/\/\//);
  });
  it("a host of another kind, an endpoint that is none, droplets with a mistake: each named", async () => {
    await bench.must("config", "set", "bootseed:host", "https://example.com");
    expect(await refusal()).toMatch(/error: expected a host like unix:.*#sha256=PIN.*, got "https:\/\/example\.com"/);
    await bench.must("config", "set", "bootseed:host", "unix:///run/x.sock");
    await bench.must("config", "set", "digitalocean:apiEndpoint", "localhost");
    expect(await refusal()).toMatch(
      /error: The DigitalOcean endpoint is expected to be an http\(s\) URL, got "localhost"/,
    );
    await bench.must("config", "rm", "digitalocean:apiEndpoint");
    await bench.must("config", "set", "bootseed:droplets", '[{"name":"web"}]');
    expect(await refusal()).toMatch(/error: bootseed:droplets\[0\]\.image: /);
  });
});

describe.each(["seedStack", "seeded"])("a program of one's own: %s", (way) => {
  it("a host that cannot be is said in one line, without a stack trace", async () => {
    const own = await Workbench.open("tests/engine/programs/many.ts");
    try {
      const config = { way, host: "https://example.com", count: "1", took: join(own.dir, "took") };
      for (const [key, value] of Object.entries(config)) await own.must("config", "set", `bootseed:${key}`, value);
      const { ok, output } = await own.run("preview");
      expect(ok).toBe(false);
      expect(output).toMatch(/error: expected a host like unix:.*#sha256=PIN.*, got "https:\/\/example\.com"/);
      expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    } finally {
      await own.close();
    }
  });
});

describe("a program that has a plain droplet", () => {
  let bench: Workbench;
  let mint: FakeMint;
  beforeAll(async () => {
    bench = await Workbench.open("tests/engine/programs/adopt.ts");
    mint = await startFakeMint(join(bench.dir, "mint.sock"));
    await bench.configure(mint.url, []);
    await bench.mustUp();
  });
  afterAll(async () => {
    await mint?.close();
    await bench?.close();
  });

  it("moves it into a SeededDroplet by an alias: not replaced, shown as unseeded", async () => {
    await bench.must("config", "set", "bootseed:seeded", "yes");
    await bench.mustUp();
    expect(bench.api.posted).toHaveLength(1);
    expect(bench.api.calls.filter((call) => call.startsWith("DELETE"))).toEqual([]);
    expect(await bench.output("verdict")).toBe("unseeded");
    await bench.mustUp("--expect-no-changes");
  });

  it("seeds it when it is replaced", async () => {
    await bench.mustUp("--replace", await bench.urn("web"));
    expect(await bench.output("verdict")).toBe("reseeded");
  });

  it("takes a template that preview cannot know", async () => {
    await bench.must("config", "set", "bootseed:second", "yes");
    mint.calls.length = 0;
    expect(await bench.must("preview")).toMatch(/3 to create/);
    expect(mint.calls).toEqual([]);
    await bench.mustUp();
    expect(String(bench.api.posted.at(-1)?.["user_data"])).toMatch(/# first: 127\.77\.0\.2\n/);
    await bench.mustUp("--expect-no-changes");
  });
});
