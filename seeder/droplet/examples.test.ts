/** Every `@example` of the public interface is compiled against it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const HERE = import.meta.dirname;
const FILES = ["../index.ts", "seeded-droplet.ts", "seed-stack.ts", "seed-source.ts"];

/** What an example may take for granted. */
const AROUND = `import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { knownHostsLines, SeededDroplet, type SeededDropletArgs, seedStack, type SeedStackArgs } from "../index.ts";
declare const args: SeededDropletArgs;
void [digitalocean, pulumi, knownHostsLines, SeededDroplet, seedStack];
`;

/** @returns the text of each `@example`, without comment signs and caption */
function examplesIn(file: string): string[] {
  const comments = readFileSync(join(HERE, file), "utf8").match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment
      .replace(/\*\/$/, "")
      .split("\n")
      .map((line) => line.replace(/^\s*\* ?/, ""));
    const examples = lines
      .join("\n")
      .split(/^@example/m)
      .slice(1);
    return examples.map(
      (text) =>
        text
          .replace(/^ <caption>.*<\/caption>/, "")
          .split(/^@\w+/m)[0]
          ?.trim() ?? "",
    );
  });
}

/** An argument on its own stands in an object; an example with imports of its own stands as it is. */
function moduleOf(example: string): string {
  if (/^(select|hosts):/.test(example))
    return `${AROUND}export const given: Partial<SeedStackArgs> = { ${example} };\n`;
  const around = AROUND.split("\n").filter(
    (line) => !example.includes("@bootseed/seeder") || !line.includes("../index.ts"),
  );
  return example.includes("@bootseed/seeder") ? example : `${around.join("\n")}${example}\nexport {};\n`;
}

it("compiles every example", () => {
  const examples = FILES.flatMap(examplesIn);
  expect(examples.length).toBeGreaterThanOrEqual(8);
  const virtual = new Map(examples.map((text, i) => [join(HERE, `example-${i}.ts`), moduleOf(text)]));
  const { config } = ts.readConfigFile(join(HERE, "../../tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, HERE);
  const base = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...base,
    fileExists: (path) => virtual.has(path) || base.fileExists(path),
    readFile: (path) => virtual.get(path) ?? base.readFile(path),
    getSourceFile: (path, ...rest) => {
      const text = virtual.get(path);
      return text === undefined ? base.getSourceFile(path, ...rest) : ts.createSourceFile(path, text, rest[0]);
    },
  };
  const program = ts.createProgram(
    [...virtual.keys()],
    { ...options, noUnusedLocals: false, isolatedDeclarations: false, declaration: false },
    host,
  );
  const wrong = [...virtual.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${virtual.get(path)}\n${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
  expect(wrong).toEqual([]);
});
