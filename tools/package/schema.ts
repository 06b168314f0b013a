// `node tools/package/schema.ts` writes the schema of the plugin from its types, as the SDK reads them.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache.ts";

const FOLDER = join(ROOT, "seeder/plugin");
/** Kept in the repository: what other languages see should change where it can be seen. */
export const SCHEMA_FILE: string = join(FOLDER, "schema.json");

/** What is used of the SDK (3.270), which has no types for it. */
interface Analyzed {
  components: unknown;
  typeDefinitions: unknown;
  dependencies: unknown;
}
type Analyzer = new (
  folder: string,
  name: string,
  manifest: { main: string },
  components: Set<string>,
) => { analyze(): Analyzed };
type GenerateSchema = (
  name: string,
  version: string | undefined,
  description: string,
  ...analyzed: [unknown, unknown, unknown]
) => Schema;
interface Schema {
  resources: Record<string, { inputProperties: Record<string, { secret?: true }> }>;
}

const DESCRIPTION = "Droplets that start with a fresh seed and whose SSH host keys are known before the first login";

/** @returns the schema without a version: the plugin puts in its own */
export function pluginSchema(): string {
  const require = createRequire(join(ROOT, "package.json"));
  const { Analyzer } = require("@pulumi/pulumi/provider/experimental/analyzer") as { Analyzer: Analyzer };
  const { generateSchema } = require("@pulumi/pulumi/provider/experimental/schema") as {
    generateSchema: GenerateSchema;
  };
  const names = new Set(["SeededDroplet"]);
  const found = new Analyzer(FOLDER, "bootseed", { main: "component.ts" }, names).analyze();
  const { components, typeDefinitions, dependencies } = found;
  const schema = generateSchema("bootseed", undefined, DESCRIPTION, components, typeDefinitions, dependencies);
  // The analyzer has no word for it: generated programs then keep the token secret by themselves.
  const { token } = schema.resources["bootseed:index:SeededDroplet"]?.inputProperties ?? {};
  if (token === undefined) throw new Error("the analyzer found no input token in seeder/plugin/component.ts");
  token.secret = true;
  return `${JSON.stringify(schema, asTheEngineSays, 2)}\n`;
}

/** The analyzer's own mark, said again in `required`, and empty lists: the engine drops both. */
const asTheEngineSays = (key: string, value: unknown): unknown =>
  key === "optional" || (Array.isArray(value) && value.length === 0) ? undefined : value;

if (process.argv[1] === import.meta.filename) writeFileSync(SCHEMA_FILE, pluginSchema());
