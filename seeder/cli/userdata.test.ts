import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseSeedFile, toHex, type Vm } from "@bootseed/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../tests/loopback/host-process.ts";

/** The real host; the command as a person types it. */
describe("bootseed userdata", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-userdata-"));
  const template = join(dir, "t.yaml");
  let host: HostProcess;
  const bootseed = async (...args: string[]): Promise<{ code: number | undefined; stdout: Buffer; stderr: string }> => {
    const main = join(import.meta.dirname, "main.ts");
    const env = { BOOTSEED_HOST: `unix://${host.dir}/mint.sock` };
    const options = { env, reject: false, preferLocal: true, encoding: "buffer" } as const;
    const { exitCode: code, stdout, stderr } = await execa("node", [main, ...args], options);
    return { code, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr).toString("utf8") };
  };
  const named = async (name: string): Promise<Vm[]> => (await host.vms()).filter((vm) => vm.name === name);
  const seedIn = (text: string): string => {
    const base64 = /^BOOTSEED=([A-Za-z0-9+/]+=*)$/m.exec(text)?.[1] ?? "";
    return toHex(parseSeedFile(new Uint8Array(Buffer.from(base64, "base64")))[0]?.seedId ?? new Uint8Array());
  };

  beforeAll(async () => {
    writeFileSync(template, "#cloud-config\npackages: [jq]\n");
    host = await HostProcess.make();
    await host.start();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it("prints a committed seed, for whoever claims first, and the document", async () => {
    const { code, stdout, stderr } = await bootseed("userdata", "--template", template, "--name", "web-1");
    expect(code, stderr).toBe(0);
    const text = stdout.toString("utf8");
    expect(text).toMatch(/^MIME-Version: 1\.0\n[^]*#cloud-config\npackages: \[jq\]\n/);
    expect(await named("web-1")).toEqual([
      expect.objectContaining({
        state: "committed",
        bind: "first-claim",
        seedId: seedIn(text),
        stack: "local/userdata/default",
      }),
    ]);
    expect(stderr).toMatch(
      /^bootseed: web-1: [\d,]+ bytes of user-data \(document 29, kit .*\), seed [0-9a-f]{32}, chained; for one/,
    );
    expect(stderr).not.toContain(/^BOOTSEED=(.*)$/m.exec(text)?.[1]);
  });
  it("gzip into a private file, each time another seed", async () => {
    const seeds = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const out = join(dir, `out-${i}.gz`);
      const args = ["--name", "web-2", "--stack", "acme/web/prod", "--format", "gzip", "--max", "16k", "--out", out];
      const { code, stdout, stderr } = await bootseed("userdata", "--template", template, ...args);
      expect([code, stdout.length], stderr).toEqual([0, 0]);
      expect(statSync(out).mode & 0o777).toBe(0o600);
      seeds.add(seedIn(gunzipSync(readFileSync(out)).toString("utf8")));
    }
    expect(new Set((await named("web-2")).map((vm) => vm.seedId))).toEqual(seeds);
    expect(seeds.size).toBe(2);
  });
  it.each([
    ["there-already", "out-0.gz", /exists already, and may hold a seed that no machine has had yet/],
    ["in-a-folder-that-is-not", "none/out", /cannot write .*none\/out: ENOENT/],
  ])("a file %s: refused, and no seed is taken", async (name, file, words) => {
    writeFileSync(join(dir, "out-0.gz"), "kept");
    const { code, stderr } = await bootseed("userdata", "--name", name, "--out", join(dir, file));
    expect([code, stderr]).toEqual([74, expect.stringMatching(words)]);
    expect(readFileSync(join(dir, "out-0.gz"), "utf8")).toBe("kept");
    expect(await named(name)).toEqual([]);
  });
  it.each([
    [
      "too-large",
      "#!/bin/sh\n".padEnd(20_000, "#"),
      ["--max", "16k"],
      65,
      /over the limit of 16,384: your document 20,000/,
    ],
    ["of-unknown-kind", "packages: [jq]\n", [], 65, /cloud-init does not know.*--force/],
  ])("a template %s: refused, and no seed is taken", async (name, text, args, expected, words) => {
    writeFileSync(join(dir, "bad"), text);
    const { code, stdout, stderr } = await bootseed(
      "userdata",
      "--template",
      join(dir, "bad"),
      "--name",
      name,
      ...args,
    );
    expect([code, stdout.length]).toEqual([expected, 0]);
    expect(stderr).toMatch(words);
    expect(await named(name)).toEqual([]);
  });
  it("a template that is not there: 66", async () => {
    const { code, stderr } = await bootseed("userdata", "--template", join(dir, "none"), "--name", "w");
    expect([code, stderr]).toEqual([66, expect.stringMatching(/cannot read the template .*ENOENT/)]);
  });
  it("never onto a screen", () => {
    const command = `${process.execPath} ${join(import.meta.dirname, "main.ts")} userdata --name tty`;
    const ran = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8" });
    expect([ran.status, ran.stdout]).toEqual([64, expect.stringMatching(/expected --out FILE or a pipe/)]);
  });
  it("for one that nobody has claimed, wait does not advise what cannot help", async () => {
    expect((await bootseed("userdata", "--name", "w", "--stack", "acme/wait/test")).code).toBe(0);
    const { code, stderr } = await bootseed("wait", "--stack", "acme/wait/test", "--timeout", "1s");
    expect(code).toBe(75);
    expect(stderr).toMatch(
      /w: no report in 1 s; last known: its seed was committed; no machine has claimed it yet: was it/,
    );
    expect(stderr).not.toContain("sync");
  });
  it("inject --root, from the same host: 512 bytes that no VM has", async () => {
    const root = join(dir, "root");
    spawnSync("mkdir", ["-p", join(root, "var/lib/systemd"), join(root, "etc/systemd/system")]);
    const before = await host.vms();
    const { code, stderr } = await bootseed("inject", "--root", root);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/no \/etc\/machine-id[^]*512 bytes in \/var\/lib\/systemd\/random-seed, credited once/);
    const seed = readFileSync(join(root, "var/lib/systemd/random-seed"));
    expect([seed.length, new Set(seed).size > 100]).toEqual([512, true]);
    expect(existsSync(join(root, "etc/systemd/system/systemd-random-seed.service.d/bootseed.conf"))).toBe(true);
    expect(await host.vms()).toEqual(before);
    expect(host.log).not.toContain(seed.toString("base64").slice(0, 40));
  });
});
