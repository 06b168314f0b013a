import { describe, expect, it } from "vitest";
import { newEnough } from "./engine.ts";

describe("newEnough", () => {
  it.each([
    ["v3.259.0", true],
    ["3.211.0", true],
    ["v4.0.0", true],
    ["v3.210.9", false],
    ["v2.300.0", false],
    ["not a version", false],
    ["", false],
  ])("%s: %s", (version, enough) => expect(newEnough(version)).toBe(enough));
});
