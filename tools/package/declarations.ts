/**
 * The types of the published package: tsc's own declarations of seeder/index.ts and of what it reaches, with import
 * paths that every TypeScript since 4.7 resolves, whatever its `moduleResolution`.
 */
import { execa } from "execa";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ROOT } from "../cache.ts";

/** The workspace packages, by the names that they import each other by. */
const INSIDE: Readonly<Record<string, string>> = { "@bootseed/protocol": "protocol/index.ts" };

const IMPORT = /((?:from|import)\s*\(?\s*)"([^"]+)"/g;

/** @returns where an import leads, relative to the root, or undefined for another package */
function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(from), specifier);
  return INSIDE[specifier];
}

function asRelative(from: string, to: string): string {
  const path = relative(dirname(from), to).replace(/\.ts$/, ".js");
  return path.startsWith(".") ? path : `./${path}`;
}

/**
 * Copies one declaration and all that it imports.
 *
 * @param source path of the TypeScript file, relative to the root
 */
function copy(source: string, emitted: string, out: string, done: Set<string>): void {
  if (done.has(source)) return;
  done.add(source);
  const declaration = source.replace(/\.ts$/, ".d.ts");
  const text = readFileSync(join(emitted, declaration), "utf8").replace(
    IMPORT,
    (whole: string, before: string, specifier: string) => {
      const to = target(source, specifier);
      if (to === undefined) return whole;
      copy(to, emitted, out, done);
      return `${before}"${asRelative(source, to)}"`;
    },
  );
  mkdirSync(dirname(join(out, declaration)), { recursive: true });
  writeFileSync(join(out, declaration), publicNames(text));
}

/** What the workspace calls itself is `bootseed` where it is installed. */
export const publicNames = (text: string): string => text.replaceAll("@bootseed/seeder", "bootseed");

/**
 * Writes `seeder/index.d.ts` and all that it needs into `out`.
 *
 * @throws {Error} with tsc's words when the program has type errors
 */
export async function writeDeclarations(out: string): Promise<void> {
  const emitted = mkdtempSync(join(tmpdir(), "bootseed-types-"));
  try {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const project = join(import.meta.dirname, "tsconfig.json");
    await execa(process.execPath, [tsc, "--project", project, "--outDir", emitted], { cwd: ROOT, stdin: "ignore" });
    copy("seeder/index.ts", emitted, out, new Set());
    if (!existsSync(join(out, "seeder/index.d.ts"))) throw new Error("tsc wrote no seeder/index.d.ts");
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}
