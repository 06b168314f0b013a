/** Two stacks at once in one process, by the automation API: each asks its own host, and neither sees the other's seeds. */
import { execa } from "execa";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { pulumiEnv } from "../../tools/pulumi/env.ts";
import { usePlugins } from "../../tools/setup/engine/bin.ts";
import { engineBin, ROOT } from "./engine.ts";
import { startFakeMint } from "./fake-mint.ts";
import { startTinyApi } from "./tiny-api.ts";

it("each stack has its own run, its own hooks and its own host", async () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-automation-"));
  const api = await startTinyApi();
  const mints = [await startFakeMint(join(dir, "a.sock")), await startFakeMint(join(dir, "b.sock"))];
  for (const sub of ["home", "state", "engine", "work"]) mkdirSync(join(dir, sub));
  const bin = await engineBin();
  symlinkSync(bin, join(dir, "engine", "bin"));
  usePlugins(bin, join(dir, "home"));
  const nodeBin = join(ROOT, "node_modules", ".bin");
  const passphrase = randomBytes(16).toString("hex");
  const env = pulumiEnv({
    bin,
    nodeBin,
    home: join(dir, "home"),
    backend: join(dir, "state"),
    passphrase,
    api: api.url,
    pollMs: 20,
  });
  const script = join(ROOT, "tests/engine/programs/two-stacks.ts");
  const args = [script, join(dir, "engine"), join(dir, "work"), ...mints.map(({ url }) => url)];
  try {
    const ran = await execa("node", args, {
      env,
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
      timeout: 120_000,
    });
    expect(ran.failed, ran.all).toBe(false);
    expect(ran.stdout, ran.all).not.toBe("");
    const stacks = ran.stdout.split("\n").map((line) => JSON.parse(line) as { stackName: string; changes: unknown[] });
    expect(stacks.map(({ stackName }) => stackName).toSorted()).toEqual(["s0", "s1"]);
    for (const { changes } of stacks) expect(changes).toEqual([{ create: 5 }, { create: 5 }, { same: 5 }]);
    for (const [n, mint] of mints.entries()) {
      expect(mint.rows.map(({ name }) => name).toSorted()).toEqual([`s${n}-plain`, `s${n}-seeded`]);
      expect(
        mint.rows.every(({ urn, instanceId }) => urn.startsWith(`urn:pulumi:s${n}::two::`) && instanceId !== null),
      ).toBe(true);
    }
    expect(api.droplets.size).toBe(4);
    const state = readdirSync(join(dir, "state"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("");
    expect(state).toContain("droplet:Droplet::plain");
    // The hook of every rendered user-data; JSON keeps it as it is.
    expect(state).not.toContain("#cloud-boothook");
    expect(state).not.toContain("BOOTSEED=");
  } finally {
    for (const one of [api, ...mints]) await one.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
