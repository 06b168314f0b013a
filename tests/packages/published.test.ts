/** What npm would publish: which files, how large, and that every resolver finds its way in. */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, expect, it } from "vitest";
import { type Packed, packedPackage } from "../../tools/package/pack.ts";
import { OLDEST } from "./installed.ts";

const MAX_PACKED_BYTES = 200_000;

let packed: Packed;
let manifest: Record<string, Record<string, string>>;

const text = (file: string): string => readFileSync(join(packed.folder, file), "utf8");

beforeAll(async () => {
  packed = await packedPackage();
  manifest = JSON.parse(text("package.json")) as typeof manifest;
});

it("holds these files and no others, in at most 200 KB", () => {
  expect(packed.size).toBeLessThanOrEqual(MAX_PACKED_BYTES);
  expect(packed.files.map(({ path }) => path).toSorted()).toMatchInlineSnapshot(`
    [
      "LICENSE",
      "README.md",
      "dist/cli.mjs",
      "dist/index.d.mts",
      "dist/index.d.ts",
      "dist/index.js",
      "dist/index.mjs",
      "dist/types/seeder/droplet/known-hosts.d.ts",
      "dist/types/seeder/droplet/options.d.ts",
      "dist/types/seeder/droplet/seed-source.d.ts",
      "dist/types/seeder/droplet/seed-stack.d.ts",
      "dist/types/seeder/droplet/seeded-droplet.d.ts",
      "dist/types/seeder/index.d.ts",
      "dist/types/seeder/mint-client/seed-hosts.d.ts",
      "dist/types/seeder/render/kit.d.ts",
      "dist/types/seeder/render/render.d.ts",
      "kit/hook.sh",
      "kit/kit.b94",
      "package.json",
      "plugin/PulumiPlugin.yaml",
      "plugin/index.js",
      "plugin/package.json",
    ]
  `);
});

it("holds nothing of the workspace or of a machine", () => {
  const inside = /.*(@bootseed\/|\/tmp\/|\/root\/|\/home\/|file:\/\/|sourceMappingURL).*/g;
  const found = packed.files.flatMap(({ path }) => (text(path).match(inside) ?? []).map((line) => `${path}: ${line}`));
  expect(found).toEqual([]);
});

it("asks for exact versions, leaves the SDK to the program, and runs nothing when it is installed", () => {
  for (const [name, version] of Object.entries(manifest["dependencies"] ?? {}))
    expect(`${name} ${version}`).toMatch(/ \d+\.\d+\.\d+$/);
  const tested = Object.entries(OLDEST).map(([name, version]) => [name, `^${version}`]);
  expect(manifest["peerDependencies"]).toEqual(Object.fromEntries(tested));
  expect(manifest["scripts"]).toBeUndefined();
  // One floor, said by npm when it installs and by the program when it runs.
  const versions = readFileSync(join(import.meta.dirname, "../../seeder/droplet/versions.ts"), "utf8");
  const floor = /SDK_RANGE = ">=([\d.]+)"/.exec(versions)?.[1];
  expect(manifest["peerDependencies"]?.["@pulumi/pulumi"]).toBe(`^${floor}`);
});

it("publint finds nothing", async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.folder, pack: "npm", strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

it("attw finds nothing: every TypeScript resolution gives types that are the JavaScript", async () => {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(packed.tarball)));
  expect(result.types).toMatchObject({ kind: "included" });
  expect("problems" in result ? result.problems : undefined).toEqual([]);
});

it("the plugin's component stands under the same token as the library's", () => {
  expect(text("plugin/index.js")).toContain('require("../dist/index.js")');
});

it("the kit that is shipped is the one that is rendered", async () => {
  const script = 'const { loadKit } = require("./dist/index.js"); process.stdout.write(loadKit().packed)';
  const { stdout } = await execa(process.execPath, ["-e", script], { cwd: packed.folder });
  expect(stdout).toBe(text("kit/kit.b94").trim());
});
