/** The programs that docs/pulumi.md shows are those of examples/, word for word. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../engine.ts";
import { EXAMPLES } from "./example-stack.ts";

const docs = readFileSync(join(ROOT, "docs/pulumi.md"), "utf8");
const sources = EXAMPLES.flatMap((name) =>
  readdirSync(join(ROOT, "examples", name))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(ROOT, "examples", name, file), "utf8")),
);
const blocks = [...docs.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code.trimEnd());

it.each(EXAMPLES)("%s is linked", (name) => expect(docs).toContain(`[examples/${name}](../examples/${name})`));

it("every program shown is a part of one", () => {
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  // prettier moves what begins in the middle of a line to its start.
  const flat = (text: string): string => text.replaceAll(/^ +/gm, "");
  for (const code of blocks) expect(sources.some((source) => flat(source).includes(flat(code)))).toBe(true);
});
