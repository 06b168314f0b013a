import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";

const ROOT = prerequisite(process.getuid?.() === 0, "expected root: a mount namespace needs it");
const INSTALL = join(import.meta.dirname, "install.sh");

/** /usr/local and /etc of the namespace are folders of the test; systemctl fails, as without a systemd that runs. */
const SCRIPT = `mount --bind "$1/usr/local" /usr/local && mount --bind "$1/etc" /etc && PATH=$1/bin:$PATH exec sh "$2" --undo`;

it.runIf(ROOT)("install.sh --undo ends with 0 when all was removed, also where no systemd runs", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-undo-"));
  try {
    const program = join(dir, "usr/local/bin/bootseed-agent");
    for (const folder of ["bin", "etc", "usr/local/bin"]) mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(program, "#!/bin/sh\n");
    writeFileSync(join(dir, "bin/systemctl"), "#!/bin/sh\necho no systemd >&2; exit 1\n", { mode: 0o755 });
    const { status, stdout } = spawnSync("unshare", ["-m", "sh", "-c", SCRIPT, "sh", dir, INSTALL], {
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^removed\./)]);
    expect(existsSync(program)).toBe(false);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
