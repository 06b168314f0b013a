import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imageBuilder, missingPrerequisite, unsupported } from "./bootstrap.mjs";

const DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n';
const HERE = { node: "20.20.2", platform: "linux", arch: "x64", osRelease: DEBIAN_12 };
const start = (args: string[], env = {}): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(import.meta.dirname, "start.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    input: "",
  });

describe("unsupported", () => {
  it("says nothing on Debian 12 with Node 20", () => expect(unsupported(HERE)).toBeUndefined());
  it.each([
    [{ ...HERE, node: "18.20.1" }, /expected Node 20 or newer, got 18\.20\.1: install/],
    [
      { ...HERE, osRelease: 'ID=ubuntu\nVERSION_ID="24.04"\n' },
      /expected Debian 12 on x86-64, got ubuntu 24\.04 x64: run/,
    ],
    [{ ...HERE, arch: "arm64" }, /got debian 12 arm64: run/],
    [{ ...HERE, platform: "darwin", osRelease: "" }, /got darwin x64: run/],
  ])("%j: one sentence with the way out", (machine, sentence) => {
    expect(unsupported(machine)).toMatch(sentence);
    expect(unsupported(machine)).not.toContain("\n");
  });
});

describe("missingPrerequisite", () => {
  const [open, closed] = [(): boolean => true, (): boolean => false];
  const here = { root: "none", packages: [], npm: true, image: true, namespaces: open } as const;
  it.each([
    ["root", { ...here, root: "root", packages: ["age"], namespaces: closed }],
    ["a user with sudo", { ...here, root: "sudo", packages: ["age"], namespaces: closed }],
    ["an ordinary user with all packages, who may use namespaces", here],
    ["an ordinary user with all packages, where the image is built", { ...here, image: false, namespaces: closed }],
  ] as const)("%s may start", (_, facts) =>
    expect(missingPrerequisite({ ...facts, packages: [...facts.packages] })).toBeUndefined(),
  );
  it.each([
    [
      { packages: ["age", "uidmap"] },
      /^expected root, or sudo, .* `apt-get install --no-install-recommends age uidmap`/,
    ],
    [{ namespaces: closed }, /^expected root, sudo or user namespaces to build the VM image: as root, allow/],
    [{ npm: false, root: "root" }, /^expected npm on PATH: install it/],
  ] as const)("%j: one sentence with the way out", (facts, sentence) => {
    const said = missingPrerequisite({ ...here, ...facts, packages: [...("packages" in facts ? facts.packages : [])] });
    expect(said).toMatch(sentence);
    expect(said).toMatch(/run this again\.$|then this again\.$/);
    expect(said).not.toContain("\n");
  });
});

describe("imageBuilder", () => {
  it.each([
    ["root", false, "root"],
    ["sudo", true, "namespace"],
    ["sudo", false, "sudo"],
    ["none", true, "namespace"],
  ] as const)("rights by %s, namespaces %s: %s", (root, namespaces, builder) =>
    expect(imageBuilder(root, () => namespaces)).toBe(builder),
  );
  it("without root, sudo and namespaces: one sentence with the way out", () =>
    expect(() => imageBuilder("none", () => false)).toThrow(/^expected root, sudo or user namespaces: as root, allow/));
});

describe("start.mjs", () => {
  it.each(["demo", "test", "setup", "bench"])(
    "%s of an ordinary user without sudo and Debian packages: 69 and one sentence, before anything is done",
    (verb) => {
      const dir = mkdtempSync(join(tmpdir(), "bootseed-start-"));
      const program = (name: string, text: string): void => {
        writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`);
        chmodSync(join(dir, name), 0o755);
      };
      program("dpkg-query", "exit 1");
      program("npm", `[ "$1" = --version ] || : > ${dir}/npm-ran`);
      const user = "data:text/javascript,process.getuid = () => 1000";
      const env = { BOOTSEED_CACHE: join(dir, "cache"), PATH: dir };
      const ran = spawnSync(
        process.execPath,
        ["--import", user, join(import.meta.dirname, "start.mjs"), verb, "--yes"],
        { encoding: "utf8", env, input: "" },
      );
      const done = ["npm-ran", "cache"].filter((name) => existsSync(join(dir, name)));
      rmSync(dir, { recursive: true });
      expect([ran.status, ran.stdout, done]).toEqual([69, "", []]);
      expect(ran.stderr).toMatch(
        /^expected root, or sudo, to install Debian packages: run `apt-get install .*`[^\n]*\n$/,
      );
    },
  );
  it("--help shows the verbs with examples", () => {
    const { status, stdout } = start(["demo", "--help"]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/Examples:\n {2}npm run demo[^]*Exit: 0 done, 64/)]);
  });
  it("--help names the parts of the benchmark", () => {
    const bench = spawnSync(process.execPath, ["bench/main.ts", "--help"], { encoding: "utf8" }).stdout;
    const parts = [...bench.matchAll(/^ {19}([\w-]+)/gm)].map(([, name]) => name);
    expect(parts.length).toBeGreaterThan(5);
    expect(start(["bench", "--help"]).stdout).toContain(parts.join(", "));
  });
  it.each([
    ["--help", 0, "stdout"],
    ["--jsno", 64, "stderr"],
  ] as const)("the causal proof alone, %s: %i and how to call it", (option, code, stream) => {
    const ran = spawnSync(process.execPath, ["tools/causal/main.ts", option], { encoding: "utf8" });
    expect([ran.status, ran[stream]]).toEqual([code, expect.stringMatching(/Usage: node tools\/causal\/main\.ts/)]);
  });
  it("an unknown verb: 64, and what there is", () => {
    const { status, stderr } = start(["dmeo"]);
    expect([status, stderr]).toEqual([
      64,
      expect.stringMatching(/^expected demo, test, bench, setup or clean, got "dmeo"/),
    ]);
  });
  it.each([
    ["demo --bogus", "demo: Unknown option '--bogus'\nUsage: npm run demo -- [--yes] [--json FILE]\n"],
    ["demo --json", "demo: Option '--json <value>' argument missing\nUsage: "],
    ["demo --json --yes", "demo: Option '--json <value>' argument missing\nUsage: "],
    ["demo --json /none/x.json", "demo: --json /none/x.json: there is no such folder\nUsage: "],
    ["demo quick", "demo: Unexpected argument 'quick'\nUsage: "],
    ["bench --only packet", "bench: --only packet: expected one of packets, deliveries, "],
    ["bench --long", "bench: Unknown option '--long'\nUsage: npm run bench -- "],
    ["setup --json x", "setup: Unknown option '--json'\nUsage: npm run setup -- [--yes]\n"],
    ["clean --all", "clean: Unknown option '--all'\nUsage: npm run clean\n"],
  ])("%s: 64 and how it is called, before anything is done", (words, said) => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-start-"));
    const ran = start(words.split(" "), { BOOTSEED_CACHE: join(dir, "cache"), PATH: dir });
    rmSync(dir, { recursive: true });
    expect([ran.status, ran.stdout, ran.stderr.slice(0, said.length)]).toEqual([64, "", said]);
  });
  it.each([
    ["--help", 0, "stdout"],
    ["--publish", 64, "stderr"],
  ] as const)("npm run package -- %s: %i and how to call it, nothing is built", (option, code, stream) => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-package-"));
    const env = { ...process.env, BOOTSEED_CACHE: join(dir, "cache") };
    const ran = spawnSync(process.execPath, ["tools/package/main.ts", option], { encoding: "utf8", env });
    const built = existsSync(join(dir, "cache"));
    rmSync(dir, { recursive: true });
    expect([ran.status, built, ran[stream]]).toEqual([code, false, expect.stringMatching(/Usage: npm run package\n/)]);
  });
  it("clean removes the cache and nothing else", () => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-clean-"));
    mkdirSync(join(dir, "cache/engine"), { recursive: true });
    writeFileSync(join(dir, "kept"), "");
    expect(start(["clean"], { BOOTSEED_CACHE: join(dir, "cache") }).status).toBe(0);
    expect([existsSync(join(dir, "cache")), existsSync(join(dir, "kept"))]).toEqual([false, true]);
    rmSync(dir, { recursive: true });
  });
});
