/**
 * Bundles the agent into one file for Node ≥ 18: `node guest-agent/agent/build.ts [--out DIR]`. With gcc, the helper too.
 */
import { build, type Plugin } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HERE = import.meta.dirname;

/** Small, and nothing that an attacker could jump to stays where it was expected. */
const CFLAGS = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-D_FORTIFY_SOURCE=2",
  "-fstack-protector-strong",
  "-fcf-protection",
  "-fPIE",
  "-static-pie",
  "-Wl,-z,relro,-z,now,-z,noexecstack",
  "-s",
];

/**
 * Node's own modules by `require`: an ESM import of one reads every export, and thereby loads the lazy half of node:fs,
 * node:util and node:crypto: 3 MiB that nobody uses.
 */
const requireBuiltins: Plugin = {
  name: "require-builtins",
  setup(esbuild) {
    esbuild.onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
      namespace === "builtin" ? { path, external: true } : { path, namespace: "builtin" },
    );
    esbuild.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require("${path}")`,
    }));
  },
};

/** @returns path of the bundle, bootseed-agent.mjs in `folder` */
export async function buildAgent(folder: string = join(HERE, "../dist")): Promise<string> {
  const outfile = join(folder, "bootseed-agent.mjs");
  await build({
    entryPoints: [join(HERE, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node18",
    format: "esm",
    minify: true,
    legalComments: "none",
    plugins: [requireBuiltins],
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}

/** @returns path of the helper, bootseed-mix in `folder` @throws when gcc is missing or refuses the source */
export function buildHelper(folder: string = join(HERE, "../dist")): string {
  const outfile = join(folder, "bootseed-mix");
  mkdirSync(folder, { recursive: true });
  const flags = process.arch === "x64" ? CFLAGS : CFLAGS.filter((flag) => flag !== "-fcf-protection");
  execFileSync("gcc", [...flags, "-o", outfile, join(HERE, "helper/bootseed-mix.c")], { stdio: "inherit" });
  return outfile;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  console.log(await buildAgent(values.out));
  console.log(buildHelper(values.out));
}
