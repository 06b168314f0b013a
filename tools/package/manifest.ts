/** The package.json that is published: versions from the workspace's own, so that they are written once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache.ts";

interface Manifest {
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
}

/** Of the program, not of ours: two copies of the SDK in one program would be two programs. */
const PEERS: Readonly<Record<string, string>> = {
  "@pulumi/digitalocean": "^4.4.0",
  // The first that can ask the engine for its version; seeder/droplet/versions.ts says why.
  "@pulumi/pulumi": "^3.217.0",
};

const read = (workspace: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, workspace, "package.json"), "utf8")) as Manifest;

/** @returns package.json as an object, keys in the order in which people read them */
export function publishedManifest(): { name: string; version: string } & Record<string, unknown> {
  const [seeder, protocol] = [read("seeder"), read("protocol")];
  const needed = Object.entries({ ...protocol.dependencies, ...seeder.dependencies });
  const outside = needed.filter(([name]) => !name.startsWith("@bootseed/") && !(name in PEERS));
  const { version, description, license } = seeder;
  return {
    name: "bootseed",
    version,
    description,
    keywords: ["pulumi", "digitalocean", "entropy", "random-seed", "ssh", "known-hosts", "cloud-init"],
    license,
    type: "commonjs",
    main: "./dist/index.js",
    types: "./dist/index.d.ts",
    exports: {
      ".": {
        import: { types: "./dist/index.d.mts", default: "./dist/index.mjs" },
        require: { types: "./dist/index.d.ts", default: "./dist/index.js" },
      },
      "./package.json": "./package.json",
    },
    bin: { bootseed: "dist/cli.mjs" },
    files: ["dist", "kit", "plugin"],
    engines: { node: ">=22.12" },
    dependencies: Object.fromEntries(outside.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    peerDependencies: PEERS,
  };
}
