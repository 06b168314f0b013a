/** The packed kit in every python3 that this machine has; the suite's VMs bring 3.11 (Debian 12) and 3.13 (Debian 13). */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import seedFiles from "../tests/vectors/seed-file.json" with { type: "json" };
import { pyenv } from "./tests/pyenv.ts";

const PACKED = join(import.meta.dirname, "..", "seeder", "kit");
const SEED = Buffer.from(String(seedFiles.accepted[0]?.bytes), "hex").toString("base64");
/** Optional in CI too: no package registry has these versions. */
const versions = (low: number, high: number): { version: string; python: string }[] => {
  const wanted = Array.from({ length: high - low + 1 }, (_, step) => `3.${low + step}`);
  const found = wanted.flatMap((version) => {
    const python = pyenv(version);
    return python === undefined ? [] : [{ version, python }];
  });
  const missing = wanted.filter((version) => !found.some((one) => one.version === version));
  if (missing.length > 0)
    console.warn(`skipped: expected python ${missing.join(", ")} for the kit's tests; pyenv install brings them`);
  return found;
};

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text, { mode: 0o755 });
};
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The whole hook, with a seed, on a machine in a folder. */
function hook(python: string): number | null {
  const text = readFileSync(join(PACKED, "hook.sh"), "utf8")
    .replace("@KIT@", () => readFileSync(join(PACKED, "kit.b94"), "utf8").trim())
    .replace("@SEED@", SEED)
    .replace("\ncd /\n", `\ncd ${root}\n`)
    .replace("\nPATH=", `\nPATH=${root}/bin:`)
    .replace("p=/usr/bin/python3", `p=${python}`)
    .replace("kit.pyz hook", `kit.pyz hook --root ${root}`);
  put("hook", text);
  return spawnSync("/bin/sh", [join(root, "hook")], { env: { INSTANCE_ID: "4711" }, timeout: 60_000 }).status;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-python-"));
  put("proc/sys/kernel/random/poolsize", "256\n");
  put("proc/sys/kernel/random/boot_id", "7428aeb4-37c9-82fe-c7d7-492cdcbf3206\n");
  put("etc/systemd/system/keep", "");
  for (const name of ["systemctl", "systemd-run"]) put(`bin/${name}`, "#!/bin/sh\n");
});
afterEach(() => rmSync(root, { recursive: true }));

describe("the kit's python", () => {
  // The kernel of a container may refuse both ioctls: unproven, with all else done.
  it.each([{ version: "the distribution's", python: "/usr/bin/python3" }, ...versions(8, 14)])(
    "$version: takes the seed, writes a verdict, keeps what the claim needs",
    ({ python }) => {
      put("var/lib/cloud/instances/4711/user-data.txt", `BOOTSEED=${SEED}\nMY_BOOTSEED=https://x\n`);
      writeFileSync(join(root, "var/lib/cloud/instances/4711/user-data.txt.i"), gzipSync(`BOOTSEED=${SEED}\n`));
      expect(hook(python)).toBe(0);
      const blanked = `BOOTSEED=${"A".repeat(SEED.length)}\n`;
      expect(read("var/lib/cloud/instances/4711/user-data.txt")).toBe(`${blanked}MY_BOOTSEED=https://x\n`);
      const packed = readFileSync(join(root, "var/lib/cloud/instances/4711/user-data.txt.i"));
      expect(gunzipSync(packed).toString()).toBe(blanked);
      expect(read("run/bootseed/verdict"), read("run/bootseed/log")).toMatch(/^(reseeded|unproven) 0$/m);
      expect(read("run/bootseed/log")).not.toMatch(/Traceback|Error: |failed/);
      const kit = join(root, "usr/local/lib/bootseed/kit.pyz");
      const status = execFileSync(python, ["-I", "-W", "error", kit, "status", "--root", root], { encoding: "utf8" });
      expect(Object.keys((JSON.parse(status) as { hosts: object }).hosts)).toHaveLength(1);
    },
  );

  it.each(versions(6, 7))(
    "C9 (python/cpython#80208): $version, which is too old, writes the verdict failed and says why",
    ({ version, python }) => {
      expect(hook(python)).toBe(0);
      expect(read("run/bootseed/verdict")).toBe("failed\n");
      expect(read("run/bootseed/log")).toContain("python3, 3.8 or later");
      expect(read("run/bootseed/log")).toContain(`Python ${version}.`);
    },
  );
});
