/** The example unit: understood by systemd, as closed as it says, and of one mind with the program about users and folders. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { DEFAULT_CONFIG } from "../config/load.ts";
import { EXIT } from "../host-error.ts";
import { MINT_GROUP } from "../server/mint-group.ts";

const HERE = import.meta.dirname;
const UNIT = "bootseed-host.service";
const read = (name: string): string => readFileSync(join(HERE, name), "utf8");
const value = (key: string): string[] =>
  [...read(UNIT).matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].flatMap(([, words = ""]) => words.split(" "));

it("names the config, folders, user, groups and codes that the program and its other files have", () => {
  const commands = readFileSync(join(HERE, "../cli/program.ts"), "utf8");
  const [, stateDir] = /keys and database \(default ([^)]*)\)/.exec(commands) ?? [];
  const [, socket = ""] = /where programs mint \(default ([^)]*)\)/.exec(commands) ?? [];
  const user = value("User")[0] ?? "";
  expect(value("ExecStart").slice(1)).toEqual(["serve", "--config", DEFAULT_CONFIG]);
  expect(value("StateDirectory")).toEqual([stateDir?.replace("/var/lib/", "")]);
  expect(value("RuntimeDirectory")).toEqual([dirname(socket).replace("/run/", "")]);
  // Its folder in /run gets this one: members must be able to enter.
  expect([value("Group"), value("RuntimeDirectoryMode")]).toEqual([[MINT_GROUP], ["0750"]]);
  expect(value("RestartPreventExitStatus").map(Number)).toEqual([EXIT.usage, EXIT.config]);
  const lines = read("bootseed-host.sysusers").split("\n");
  expect(lines).toEqual(expect.arrayContaining([`g ${MINT_GROUP} -`, `m ${user} ${MINT_GROUP}`]));
  expect(lines.some((line) => line.startsWith(`u ${user} - `))).toBe(true);
  expect([`GROUP="${value("SupplementaryGroups").join()}"`, value("DeviceAllow")]).toEqual([
    /GROUP="[^"]*"/.exec(read("60-bootseed-host.rules"))?.[0],
    ["/dev/hwrng", "r"],
  ]);
});

const ready = prerequisite(
  spawnSync("systemd-analyze", ["--version"]).status === 0,
  "expected systemd-analyze: apt-get install systemd",
);

describe.skipIf(!ready)("systemd", () => {
  const root = mkdtempSync(join(tmpdir(), "bootseed-unit-"));
  const analyze = (...words: string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  beforeAll(() => {
    for (const folder of ["etc/systemd/system", "usr/local/bin", "bin", "usr/lib/systemd/system"])
      mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(HERE, UNIT), join(root, "etc/systemd/system", UNIT));
    for (const program of ["usr/local/bin/bootseed-host", "bin/kill"]) {
      writeFileSync(join(root, program), "#!/bin/sh\n");
      chmodSync(join(root, program), 0o755);
    }
    // systemd's own targets, which every unit refers to.
    const own = "/usr/lib/systemd/system";
    for (const name of readdirSync(own).filter((each) => each.endsWith(".target")))
      cpSync(join(own, name), join(root, own, name), { recursive: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("understands the unit", () =>
    expect(analyze("verify", "--man=no", `--root=${root}`, UNIT)).toEqual({ status: 0, said: "" }));

  it("gives it an exposure of at most 1.5", () => {
    const { status, said } = analyze(
      "security",
      "--offline=true",
      `--root=${root}`,
      "--threshold=15",
      "--no-pager",
      UNIT,
    );
    expect(status, said).toBe(0);
  });

  it("makes the user and both groups", () => {
    const words = ["--dry-run", "--replace=/x.conf", `--root=${root}`, join(HERE, "bootseed-host.sysusers")];
    const { stdout, stderr } = spawnSync("/usr/bin/systemd-sysusers", words, { encoding: "utf8" });
    const said = stdout + stderr;
    for (const made of ["group 'bootseed-mint'", "group 'bootseed-host'", "user 'bootseed-host'"])
      expect(said).toContain(made);
  });
});
