/** What a user has after `pulumi new digitalocean-typescript` and `npm install bootseed`, once per packed package. */
import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifact, ROOT } from "../../tools/cache.ts";
import { packedPackage } from "../../tools/package/pack.ts";

/** Versions of the workspace, so that what is tested together is tested here too. */
const versionHere = (name: string): string =>
  (JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;

/** Of the SDK and of the provider's part of it. */
export interface SdkVersions {
  "@pulumi/digitalocean": string;
  "@pulumi/pulumi": string;
}

/** What the template's ranges (`^4.0.0`, `^3.113.0`) bring today. */
const CURRENT: SdkVersions = {
  "@pulumi/digitalocean": versionHere("@pulumi/digitalocean"),
  "@pulumi/pulumi": versionHere("@pulumi/pulumi"),
};

/** The first of each that the package's peer ranges allow. */
export const OLDEST: SdkVersions = { "@pulumi/digitalocean": "4.4.0", "@pulumi/pulumi": "3.217.0" };

/** The template's package.json, its other ranges (`^5.0.0`, `^18`) at their last. */
const manifestWith = (sdk: SdkVersions): Record<string, unknown> => ({
  name: "new-project",
  main: "index.ts",
  devDependencies: { "@types/node": "18.19.130", typescript: "5.9.3" },
  dependencies: sdk,
});

/** The template's tsconfig.json. */
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    outDir: "bin",
    target: "es2020",
    module: "nodenext",
    moduleResolution: "nodenext",
    sourceMap: true,
    experimentalDecorators: true,
    pretty: true,
    noFallthroughCasesInSwitch: true,
    noImplicitReturns: true,
    forceConsistentCasingInFileNames: true,
  },
  files: ["index.ts"],
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

/** @returns a folder with package.json and node_modules as npm installed them; read only */
export async function installedProject(sdk: SdkVersions = CURRENT): Promise<string> {
  const { tarball } = await packedPackage();
  const packed = createHash("sha256").update(readFileSync(tarball)).digest("hex");
  return artifact({
    name: sdk === CURRENT ? "new-project" : "new-project-oldest",
    recipe: [packed, JSON.stringify(manifestWith(sdk))],
    build: async (dir) => {
      writeFileSync(join(dir, "package.json"), json(manifestWith(sdk)));
      // Without a word on scripts of dependencies: npm runs them by default, and none of ours may be among them.
      const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", tarball];
      await execa("npm", args, { cwd: dir, stdin: "ignore", env: { npm_config_ignore_scripts: "true" } });
    },
  });
}

/** The four files of the template. */
export interface ProjectFiles {
  /** Text of index.ts, or of index.mjs for a program in plain ESM. */
  program: string;
  language?: "typescript" | "esm";
}

/**
 * Makes `dir` such a project; its node_modules are the installed ones, by link.
 *
 * @param installed from `installedProject`
 */
export function writeProject(dir: string, installed: string, { program, language = "typescript" }: ProjectFiles): void {
  mkdirSync(dir, { recursive: true });
  symlinkSync(join(installed, "node_modules"), join(dir, "node_modules"));
  const options = ["packagemanager: npm", ...(language === "esm" ? ["typescript: false"] : [])];
  const runtime = ["runtime:", "  name: nodejs", "  options:", ...options.map((line) => `    ${line}`)].join("\n");
  writeFileSync(join(dir, "Pulumi.yaml"), `name: new-project\ndescription: A minimal program\n${runtime}\n`);
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
  if (language === "esm") {
    writeFileSync(join(dir, "package.json"), json({ ...manifest, type: "module", main: "index.mjs" }));
    writeFileSync(join(dir, "index.mjs"), program);
    return;
  }
  writeFileSync(join(dir, "package.json"), json(manifest));
  writeFileSync(join(dir, "tsconfig.json"), json(TSCONFIG));
  writeFileSync(join(dir, "index.ts"), program);
}
