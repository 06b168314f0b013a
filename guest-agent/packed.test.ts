/** The packed kit does what its sources do, in code that a first boot runs but a machine in a folder often has no cause for. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const KITS = {
  packed: join(import.meta.dirname, "..", "seeder", "kit", "kit.pyz"),
  source: join(import.meta.dirname, "kit", "__main__.py"),
};
const PYTHON = "/usr/bin/python3";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "bootseed-packed-"));
});
afterEach(() => rmSync(top, { recursive: true }));

/** One first boot, without a seed, of a machine that has these files; programs are executable. */
function boot(kit: keyof typeof KITS, files: Record<string, string>): { verdict: string; log: string } {
  const root = join(top, kit);
  const machine = {
    "proc/sys/kernel/random/poolsize": "256\n",
    "proc/sys/kernel/random/boot_id": "7428aeb4-37c9-82fe-c7d7-492cdcbf3206\n",
    "var/lib/cloud/data/instance-id": "4711\n",
    "run/bootseed/seed": "",
    ...files,
  };
  for (const [path, text] of Object.entries(machine)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  }
  const run = spawnSync(PYTHON, ["-B", KITS[kit], "hook", "--root", root], { encoding: "utf8", timeout: 60_000 });
  expect(run.error).toBeUndefined();
  const log = (run.stdout + run.stderr).replaceAll(root, "");
  return { verdict: readFileSync(join(root, "run/bootseed/verdict"), "utf8"), log };
}

const BAKED = { "etc/myapp/key": "baked", "etc/ssh/ssh_host_rsa_key": "baked" };
const INCLUDES = { ...BAKED, "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n" };
const NAMED = "HostKey /etc/myapp/key\nInclude sshd_config\n";

describe("the packed kit finds as many host keys from before the seed as its sources", () => {
  it.each([
    ["none", { "etc/ssh/sshd_config": "" }, "no-seed 0\n"],
    ["one that sshd_config names", { ...BAKED, "etc/ssh/sshd_config": NAMED }, "no-seed 1\n"],
    ["one that an included file names", { ...INCLUDES, "etc/ssh/sshd_config.d/a.conf": NAMED }, "no-seed 1\n"],
    [
      "one that sshd shows",
      { ...INCLUDES, "usr/sbin/sshd": "#!/bin/sh\necho hostkey /etc/myapp/key\n" },
      "no-seed 1\n",
    ],
  ])("%s", (_, files, verdict) => {
    const packed = boot("packed", files);
    expect(packed.log).not.toMatch(/NameError|is not defined|failed/);
    expect(packed).toEqual(boot("source", files));
    expect(packed.verdict).toBe(verdict);
  });
});
