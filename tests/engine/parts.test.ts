/** A folder with parts of one's own, as `BOOTSEED_ENGINE_BIN` names it: the real engine finds them where the set-up puts them. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { writeStandIns } from "../../tools/pulumi/stand-ins.ts";
import { ensureEngine } from "../../tools/setup/engine.ts";
import { ROOT } from "./engine.ts";
import { Fleet } from "./fleet.ts";

const PLUGINS = ["pulumi-language-nodejs", "pulumi-resource-digitalocean", "pulumi-resource-command"];

let dir = "";
let pulumi = "";
/** The programs of the stand-ins without their label, in place of official parts: which they are is not the question here. */
function folder(name: string, ...plugins: string[]): string {
  const made = join(dir, name);
  mkdirSync(made);
  symlinkSync(pulumi, join(made, "pulumi"));
  writeStandIns(made, join(ROOT, "node_modules/.bin/node"), ["languageHost", "provider", "command"]);
  for (const plugin of PLUGINS) {
    const file = join(made, plugin);
    if (!plugins.includes(plugin)) rmSync(file);
    else writeFileSync(file, readFileSync(file, "utf8").replace("# stand-in", "# a part"));
    if (existsSync(file)) chmodSync(file, 0o755);
  }
  vi.stubEnv("BOOTSEED_ENGINE_BIN", made);
  return made;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-parts-"));
  vi.stubEnv("BOOTSEED_ENGINE_BIN", undefined);
  pulumi = realpathSync(join((await ensureEngine()).bin, "pulumi"));
});
// Official providers that the user or an earlier set-up has are none of this folder's.
beforeEach(() => {
  for (const name of ["PULUMI_HOME", "BOOTSEED_CACHE"]) vi.stubEnv(name, join(dir, name));
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("BOOTSEED_ENGINE_BIN", () => {
  it("gives all parts, and the engine warns of none of them", async () => {
    folder("all", ...PLUGINS);
    const engine = await ensureEngine();
    expect(engine).toMatchObject({ languageHost: "official", provider: "official", command: "official", why: {} });
    await using fleet = await Fleet.open(true, { name: "web" });
    const output = await fleet.mustUp();
    expect(output).not.toContain("$PATH");
    expect(fleet.committed).toEqual(["web"]);
  });

  it("gives some parts: stand-ins take the place of the others, and it is said why", async () => {
    const made = folder("some", "pulumi-language-nodejs");
    const engine = await ensureEngine();
    expect(engine).toMatchObject({ languageHost: "official", provider: "stand-in", command: "stand-in" });
    expect(engine.why.provider).toMatch(/^no pulumi-resource-digitalocean on PATH, in /);
    expect(existsSync(join(engine.bin, "pulumi-resource-command"))).toBe(true);
    // A part that comes later is taken at the next set-up.
    writeStandIns(made, "node", ["provider"]);
    const file = join(made, "pulumi-resource-digitalocean");
    writeFileSync(file, readFileSync(file, "utf8").replace("# stand-in", "# a part"));
    expect(await ensureEngine()).toMatchObject({ provider: "official", command: "stand-in" });
  });

  it("may be relative, and is unset where it is empty", async () => {
    const made = folder("near", "pulumi-language-nodejs");
    vi.stubEnv("BOOTSEED_ENGINE_BIN", relative(process.cwd(), made));
    const engine = await ensureEngine();
    expect(engine.languageHost).toBe("official");
    expect(realpathSync(join(engine.bin, "pulumi-language-nodejs"))).toBe(
      join(realpathSync(made), "pulumi-language-nodejs"),
    );
    vi.stubEnv("BOOTSEED_ENGINE_BIN", "");
    vi.stubEnv("PATH", made);
    expect((await ensureEngine()).bin).toBe(engine.bin);
  });

  it("without an engine is refused", async () => {
    vi.stubEnv("BOOTSEED_ENGINE_BIN", join(dir, "nothing"));
    await expect(ensureEngine()).rejects.toThrow(/expected pulumi ≥ 3\.211 in the folder BOOTSEED_ENGINE_BIN/);
  });
});
