/**
 * The published JavaScript. The library is CommonJS, because that is what `pulumi new` unpacks, and its ESM entry only
 * passes it on: with two copies one program would have two sets of hooks of the same names, and reserve twice.
 */
import { build, type BuildOptions, type Plugin } from "esbuild";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache.ts";
import { publicNames } from "./declarations.ts";

const COMMON: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node22",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: ROOT,
};

/** Everything that is installed beside the package; the workspace's own packages are part of it. */
const dependenciesOutside: Plugin = {
  name: "dependencies-outside",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) =>
      kind === "entry-point" || path.startsWith("@bootseed/") ? undefined : { path, external: true },
    );
  },
};

/** The plugin stands beside the library and uses that very copy. */
const libraryOutside: Plugin = {
  name: "library-outside",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\.\/index\.ts$/ }, () => ({ path: "../dist/index.js", external: true }));
  },
};

/** Of the workspace's own package.json nothing but the version is anybody's business. */
const versionOnly: Plugin = {
  name: "version-only",
  setup(esbuild) {
    esbuild.onLoad({ filter: /\/seeder\/package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/** What a CommonJS module has in place of `import.meta`. */
const COMMONJS: BuildOptions = { ...COMMON, format: "cjs", define: { "import.meta.dirname": "__dirname" } };

const namesIn = (text: string): string[] =>
  [...text.matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names = ""]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));

/** @param out folder of the package; `dist` and `plugin` are there */
export async function writeBundles(out: string): Promise<void> {
  const cli = join(out, "dist/cli.mjs");
  await Promise.all([
    build({
      ...COMMONJS,
      entryPoints: ["seeder/index.ts"],
      outfile: join(out, "dist/index.js"),
      plugins: [dependenciesOutside, versionOnly],
    }),
    build({
      ...COMMONJS,
      entryPoints: ["seeder/plugin/main.ts"],
      outfile: join(out, "plugin/index.js"),
      plugins: [libraryOutside, dependenciesOutside, versionOnly],
    }),
    build({
      ...COMMON,
      format: "esm",
      entryPoints: ["seeder/cli/main.ts"],
      outfile: cli,
      plugins: [dependenciesOutside, versionOnly],
      define: { "import.meta.main": "true" }, // Node 22 does not have it
    }),
  ]);
  chmodSync(cli, 0o755);
  const names = namesIn(readFileSync(join(ROOT, "seeder/index.ts"), "utf8"));
  writeFileSync(join(out, "dist/index.mjs"), `export { ${names.join(", ")} } from "./index.js";\n`);
  for (const types of ["index.d.ts", "index.d.mts"])
    writeFileSync(join(out, "dist", types), `export * from "./types/seeder/index.js";\n`);
  for (const file of ["dist/index.js", "dist/cli.mjs"])
    writeFileSync(join(out, file), publicNames(readFileSync(join(out, file), "utf8")));
}
