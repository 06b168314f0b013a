import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileName, fileText, VECTOR_FILES } from "./make.ts";

describe("committed vectors", () => {
  it.each(VECTOR_FILES.map((file) => [fileName(file.message), file] as const))(
    "%s is what `npm run vectors` makes",
    (name, file) => {
      expect(readFileSync(join(import.meta.dirname, name), "utf8")).toBe(fileText(file));
    },
  );

  it("are all made by it, except those published elsewhere", () => {
    const names = readdirSync(import.meta.dirname).filter(
      (name) => name.endsWith(".json") && !/^(?:rfc|ed25519-speccheck)/.test(name),
    );
    expect(names.toSorted()).toEqual(VECTOR_FILES.map(({ message }) => fileName(message)).toSorted());
  });
});
