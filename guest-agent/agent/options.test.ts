import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

const known = { name: "string", yes: "boolean" } as const;

describe("parseOptions", () => {
  it("takes values in both forms, in any order", () => {
    expect(parseOptions(["--yes", "--name", "a b"], known)).toEqual({ name: "a b", yes: true });
    expect(parseOptions(["--name=a=b"], known)).toEqual({ name: "a=b" });
    expect(parseOptions([], known)).toEqual({});
  });
  it.each([["--other"], ["-y"], ["word"], ["--name"], ["--name="], ["--yes=1"], ["--constructor"], ["--"]])(
    "refuses %s",
    (...words) => {
      expect(() => parseOptions(words, known)).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );
});
