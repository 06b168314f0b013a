/** The package as npm would publish it: built anew where a source has changed. */
import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifact, type Progress, ROOT } from "../cache.ts";
import { buildPackage } from "./build.ts";

/** One file of the tarball. */
export interface PackedFile {
  path: string;
  /** Bytes. */
  size: number;
}

export interface Packed {
  /** The built package, as `npm install` would unpack it. */
  folder: string;
  /** The tarball. */
  tarball: string;
  /** Bytes of the tarball, and of what is in it. */
  size: number;
  unpackedSize: number;
  files: PackedFile[];
}

const SOURCES = ["protocol", "seeder", "tools/package"];
const OTHERS = ["LICENSE", "package-lock.json", "tsconfig.json"];

/** A hash of everything that decides what is built. */
function sourcesHash(): string {
  const inFolders = SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|json|md|sh|b94|yaml)$/.test(file) && !/(^|\/)node_modules\/|\.test\.ts$/.test(file))
      .map((file) => join(folder, file)),
  );
  const hash = createHash("sha256");
  for (const file of [...OTHERS, ...inFolders].toSorted())
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

async function npmPack(folder: string, into: string): Promise<void> {
  const args = ["pack", folder, "--json", "--ignore-scripts", "--pack-destination", into];
  const { stdout } = await execa("npm", args, { cwd: ROOT, preferLocal: true, stdin: "ignore" });
  writeFileSync(join(into, "pack.json"), stdout);
}

/** @returns the package and what npm says of it */
export async function packedPackage(progress?: Progress): Promise<Packed> {
  const dir = await artifact(
    {
      name: "package",
      recipe: [sourcesHash()],
      build: async (target) => {
        const folder = join(target, "bootseed");
        mkdirSync(folder);
        await buildPackage(folder);
        await npmPack(folder, target);
      },
    },
    progress,
  );
  const [said] = JSON.parse(readFileSync(join(dir, "pack.json"), "utf8")) as [Packed & { filename: string }];
  return { ...said, folder: join(dir, "bootseed"), tarball: join(dir, said.filename) };
}
