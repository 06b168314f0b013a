/** Every example compiles, strictest, against the package by the name that users write. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { ROOT } from "../engine.ts";
import { EXAMPLES } from "./example-stack.ts";

const manifestOf = (path: string): { version: string; dependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8"));

/** @returns complaints of the compiler, with the file that they are about */
function complaints(files: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const paths = { bootseed: [join(ROOT, "seeder/index.ts")] };
  const program = ts.createProgram([...files], { ...options, paths, noEmit: true });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

it("they compile", () => {
  const files = EXAMPLES.flatMap((name) =>
    readdirSync(join(ROOT, "examples", name))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(ROOT, "examples", name, file)),
  );
  expect(files.length).toBeGreaterThanOrEqual(EXAMPLES.length);
  expect(complaints(files)).toEqual([]);
});

it.each(EXAMPLES)("%s: its manifest names the versions that it is tested with", (name) => {
  for (const [dependency, version] of Object.entries(manifestOf(`examples/${name}`).dependencies ?? {}))
    expect(`${dependency} ${version}`).toBe(
      `${dependency} ${manifestOf(dependency === "bootseed" ? "seeder" : `node_modules/${dependency}`).version}`,
    );
});
