import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packKit, userDataSizes, type KitFiles } from "./pack-kit.ts";

const COMMITTED = join(import.meta.dirname, "..", "seeder", "kit");
const PYTHON = "/usr/bin/python3";

/** Same syntax tree for python, whatever version of it packed them; texts as they are. */
const SAME = `
import ast, sys, zipfile
one, other = (zipfile.ZipFile(name) for name in sys.argv[1:])
def tree(zip, name):
    text = zip.read(name).decode()
    return ast.dump(ast.parse(text)) if name.endswith(".py") else text
assert one.namelist() and sorted(one.namelist()) == sorted(other.namelist()), (one.namelist(), other.namelist())
for name in one.namelist():
    assert tree(one, name) == tree(other, name), name
`;

describe("npm run kit", () => {
  let folder: string;
  let made: KitFiles;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bootseed-pack-"));
    made = packKit();
    mkdirSync(join(folder, "usr/local/lib/bootseed"), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("was run after the last change of the kit", () => {
    const now = join(folder, "now.pyz");
    writeFileSync(now, made["kit.pyz"]);
    const compared = spawnSync(PYTHON, ["-I", "-c", SAME, now, join(COMMITTED, "kit.pyz")], { encoding: "utf8" });
    expect(compared.status, `seeder/kit/ is not the kit in guest-agent/kit/: npm run kit\n${compared.stderr}`).toBe(0);
    expect(readFileSync(join(COMMITTED, "hook.sh"), "utf8")).toBe(made["hook.sh"]);
  });

  it("gives the same bytes every time", () => {
    expect(packKit()).toEqual(made);
  });

  it("packs what unpacks itself to kit.pyz and the units", () => {
    const code =
      /\$p -Ic '([^']+)' <<'E'\n@KIT@\nE\n/.exec(readFileSync(join(COMMITTED, "hook.sh"), "utf8"))?.[1] ?? "";
    const input = readFileSync(join(COMMITTED, "kit.b94"));
    execFileSync(PYTHON, ["-I", "-c", code], { cwd: folder, input });
    const unpacked = join(folder, "usr/local/lib/bootseed/kit.pyz");
    expect(() => execFileSync(PYTHON, ["-I", "-c", SAME, unpacked, join(COMMITTED, "kit.pyz")])).not.toThrow();
    const timer = readFileSync(join(folder, "etc/systemd/system/bootseed-topup.timer"), "utf8");
    expect(timer).toContain("OnUnitActiveSec=10min");
    const status = execFileSync(PYTHON, ["-I", unpacked, "status", "--root", folder], { encoding: "utf8" });
    expect(JSON.parse(status)).toMatchObject({ schema: 1, gate: "none", hosts: {} });
  });

  it("fits: kit, hook and one host's seed in 14,080 bytes of user-data", () => {
    expect(userDataSizes(made).total).toBeLessThanOrEqual(14_080);
  });

  it("leaves two placeholders in a hook that is plain text, and no placeholder and no end of line in the kit", () => {
    const hook = String(made["hook.sh"]);
    expect(hook.match(/@[A-Z]+@/g)).toEqual(["@KIT@", "@SEED@"]);
    expect(hook).toMatch(/^#cloud-boothook\n#!\/bin\/sh\n[\n\x20-\x7e]*$/);
    expect(String(made["kit.b94"])).toMatch(/^[!-~]+\n$/);
    expect(String(made["kit.b94"])).not.toMatch(/@KIT@|@SEED@|BOOTSEED|^E\n/);
  });
});
