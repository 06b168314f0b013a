/** The units as install.sh lays them, judged by systemd's own tools, with the kit's drop-in for bootseed-*.service beside them. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { Bundle } from "./testing/bundle.ts";

const HERE = import.meta.dirname;
const KIT_DROP_IN = join(HERE, "../kit/etc/systemd/system/bootseed-.service.d");
const ready = prerequisite(
  spawnSync("systemd-analyze", ["--version"]).status === 0,
  "expected systemd-analyze: apt-get install systemd",
);

describe.skipIf(!ready)("units", () => {
  const dest = mkdtempSync(join(tmpdir(), "bootseed-install-"));
  let bundle: Bundle;
  const install = (...words: string[]): { status: number | null; stdout: string } => {
    const env = { ...process.env, BOOTSEED_DIST: bundle.folder };
    return spawnSync("sh", [join(HERE, "install.sh"), dest, ...words], { encoding: "utf8", env });
  };
  beforeAll(async () => {
    bundle = await Bundle.build();
    expect(install().status).toBe(0);
    cpSync(KIT_DROP_IN, join(dest, "etc/systemd/system/bootseed-.service.d"), { recursive: true });
    mkdirSync(join(dest, "usr/bin"), { recursive: true });
    writeFileSync(join(dest, "usr/bin/node"), "#!/bin/sh\n");
    chmodSync(join(dest, "usr/bin/node"), 0o755);
  });
  afterAll(() => {
    bundle?.[Symbol.dispose]();
    rmSync(dest, { recursive: true, force: true });
  });
  const analyze = (...words: string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
    return { status, said: stdout + stderr };
  };

  it.each(["bootseed-agent-topup.service", "bootseed-agent-listen.service", "bootseed-mix@1.service"])(
    "%s has an exposure of at most 1.5",
    (unit) => {
      const words = ["security", "--offline=true", `--root=${dest}`, "--threshold=15", "--no-pager", unit];
      const { status, said } = analyze(...words);
      expect(status, said).toBe(0);
    },
  );

  it("gives what faces the network no capability, whatever the kit's drop-in says", () => {
    const words = ["security", "--offline=true", `--root=${dest}`, "--json=short", "bootseed-agent-topup.service"];
    const rows = JSON.parse(analyze(...words).said) as { json_field: string; set: boolean }[];
    const capabilities = rows.filter(({ json_field: field }) => field.startsWith("CapabilityBoundingSet_"));
    expect(capabilities.length).toBeGreaterThan(10);
    expect(capabilities.filter(({ set }) => !set)).toEqual([]);
  });

  it("keeps the kit's timer, which the hook starts at every boot, away while the agent's is enabled", () => {
    const condition = readFileSync(join(dest, "etc/systemd/system/bootseed-topup.timer.d/zz-agent.conf"), "utf8");
    const [, path = ""] = /^\[Unit\]\nConditionPathExists=!(.*)$/m.exec(condition) ?? [];
    const enable = (word: string): unknown =>
      spawnSync("systemctl", [`--root=${dest}`, word, "bootseed-agent-topup.timer"], { encoding: "utf8" }).stderr;
    enable("enable");
    expect(lstatSync(join(dest, path)).isSymbolicLink()).toBe(true);
    enable("disable");
    expect(lstatSync(join(dest, path), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("are understood by systemd", () => {
    const units = readdirSync(join(HERE, "units")).filter((name) => /\.(service|socket|timer)$/.test(name));
    expect(units.length).toBeGreaterThanOrEqual(6);
    const names = units.map((name) => name.replace("@.", "@1."));
    // systemd's own targets, which every unit refers to.
    const own = (name: string): string => join("/usr/lib/systemd/system", name);
    for (const name of readdirSync("/usr/lib/systemd/system").filter((each) => each.endsWith(".target")))
      cpSync(own(name), join(dest, own(name)), { recursive: true });
    expect(analyze("verify", "--man=no", `--root=${dest}`, ...names)).toEqual({ status: 0, said: "" });
  });

  it("are gone after --undo", () => {
    expect(install("--undo").status).toBe(0);
    const left = readdirSync(join(dest, "etc/systemd/system"));
    expect(left.filter((name) => !name.endsWith(".target.wants"))).toEqual(["bootseed-.service.d"]);
    expect(existsSync(join(dest, "usr/local/lib/bootseed"))).toBe(false);
    expect(readdirSync(join(dest, "usr/local/bin"))).toEqual([]);
    expect(install().status).toBe(0);
  });
});
