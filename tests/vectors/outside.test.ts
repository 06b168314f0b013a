import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { outsideVectors } from "./outside.ts";

let dir: string;
let root: string;
const printed = vi.spyOn(console, "warn").mockImplementation(() => undefined);
beforeEach(() => {
  printed.mockClear();
  dir = mkdtempSync(join(tmpdir(), "bootseed-vectors-"));
  root = join(dir, "clone");
});
afterEach(() => rmSync(dir, { recursive: true }));

it("vectors beside the repository are used, and the output has their folder", () => {
  const folder = join(dir, "shared/vectors/some");
  mkdirSync(folder, { recursive: true });
  expect(outsideVectors("some", "Some cases", {}, root)).toBe(folder);
  expect(printed.mock.calls).toEqual([[`used: Some cases, from ${folder}`]]);
});

it("absent vectors are no failure in CI, and the output has the folder that they go to", () => {
  expect(outsideVectors("some", "Some cases", { CI: "true" }, root)).toBeUndefined();
  expect(printed.mock.calls).toEqual([
    [expect.stringMatching(/^skipped: optional vectors, Some cases: put them at .*\/shared\/vectors\/some, or set/)],
  ]);
});

it("BOOTSEED_VECTORS names their folder, and a wrong one is an error", () => {
  mkdirSync(join(dir, "elsewhere/some"), { recursive: true });
  const env = { BOOTSEED_VECTORS: join(dir, "elsewhere") };
  expect(outsideVectors("some", "Some cases", env, root)).toBe(join(dir, "elsewhere/some"));
  expect(() => outsideVectors("other", "Other cases", env, root)).toThrow(
    `expected Other cases at ${join(dir, "elsewhere/other")}: correct or unset BOOTSEED_VECTORS`,
  );
});
