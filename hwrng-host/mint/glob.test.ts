import { describe, expect, it } from "vitest";
import { globMatches, globProblem, stackGlobProblem } from "./glob.ts";

it.each([
  ["acme/web/prod", "acme/web/prod", true],
  ["acme/web/prod", "acme/web/prod2", false],
  ["acme/*/prod", "acme/web/prod", true],
  ["acme/*/prod", "acme/web/db/prod", false],
  ["acme/*/prod", "acme//prod", false],
  ["acme/**", "acme/web/prod", true],
  ["acme/**", "acme", false],
  ["acme/**", "acme-evil/web/prod", false],
  ["**", "", true],
  ["**/prod", "acme/web/prod", true],
  ["a.b/*/c", "aXb/x/c", false],
  ["repo:acme/*:ref:refs/heads/main", "repo:acme/infra:ref:refs/heads/main", true],
  ["repo:acme/*:ref:refs/heads/main", "repo:acme/infra/x:ref:refs/heads/main", false],
  ["repo:acme/*:ref:refs/heads/main", "repo:acme/x:ref:refs/heads/y:ref:refs/heads/main", false],
  ["repo:acme/**", "repo:acme/infra:pull_request", true],
  ["repo:acme/infra:**", "repo:acme/infra:environment:prod", true],
  ["acme/*/prod", "acme:web:prod", false],
])("%s and %s: %s", (pattern, name, matches) => expect(globMatches(pattern, name)).toBe(matches));

describe("a pattern", () => {
  it.each(["acme/**", "*", "**", "a-b_c.d/*/**"])("%s may be", (pattern) => expect(globProblem(pattern)).toBeNull());
  it.each([
    ["acme*/web/prod", /whole segment/],
    ["acme/***", /whole segment/],
    ["", /1 to 256/],
    ["a/".repeat(128) + "a", /1 to 256/],
    ["acme//prod", /empty segment/],
    ["ac me/**", /ASCII without spaces/],
    ["**/**/**/**", /at most 3/],
  ])("%j is refused", (pattern, why) => expect(globProblem(pattern)).toMatch(why));
});

describe("a pattern over stacks", () => {
  it.each([
    ["acme/web/prod", "acme/web/prod"],
    ["acme/*/*", "acme/web/prod"],
    ["*/*/*", "acme/web/prod"],
    ["acme/**", "acme/web/prod"],
    ["**/prod", "acme/web/prod"],
    ["**", "acme/web/prod"],
    ["acme/**/prod", "acme/web/prod"],
    ["a:b/web/prod", "a:b/web/prod"],
    ["a:**", "a:b/web/prod"],
  ])("%s may be: it matches %s", (pattern, stack) =>
    expect([stackGlobProblem(pattern), globMatches(pattern, stack)]).toEqual([null, true]),
  );
  it.each(["acme", "*", "acme/web", "acme/*", "by-hand", "acme:web:prod", "acme/web/prod/x", "acme/web/**/prod"])(
    "%s is refused: it matches no stack",
    (pattern) => {
      expect(stackGlobProblem(pattern)).toMatch(/expected ORG\/PROJECT\/STACK, such as acme\/web\/prod/);
      for (const stack of ["acme/web/prod", "by-hand/web/prod", "acme/web/x"])
        expect(globMatches(pattern, stack)).toBe(false);
    },
  );
  it("is refused for what any pattern is refused for", () => expect(stackGlobProblem("acme*/a/b")).toMatch(/whole/));
});
