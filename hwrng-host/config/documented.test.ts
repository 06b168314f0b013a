/** docs/operations.md, The config file, has every key of the schema: its bounds, its default, and no key more. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { configSchema, knownKeys } from "./schema.ts";

/** As much of a JSON schema as `z.toJSONSchema` writes for this one. */
type Node = {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly [bound: string]: unknown;
};
type Key = { path: string; node: Node; required: boolean };

/** Every key, also those that hold others in a list; those of a union are one. */
function keysOf(node: Node, at = ""): Key[] {
  return (node.oneOf ?? [node]).flatMap((one) =>
    Object.entries(one.properties ?? {}).flatMap(([name, child]) => {
      const path = `${at}${name}`;
      const below =
        child.properties === undefined ? keysOf(child.items ?? {}, `${path}[].`) : keysOf(child, `${path}.`);
      const key = { path, node: child, required: one.required?.includes(name) ?? false };
      return child.properties === undefined ? [key, ...below] : below;
    }),
  );
}

const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as unknown as Node;
const keys = keysOf(schema);
const page = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
const [, section = ""] = page.split("\n## The config file\n");
const rows = (section.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, key = "", value = "", standard = "", meaning = ""]) => ({
    key: key.replaceAll("`", ""),
    value,
    standard,
    meaning,
  }));

it("has a row for every key, once, and for nothing else", () => {
  expect(keys.length).toBeGreaterThan(25);
  expect(rows.map(({ key }) => key).toSorted()).toEqual([...new Set(keys.map(({ path }) => path))].toSorted());
});

const shown = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
const BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems"] as const;

it.each(keys)("$path: default, bounds and choices are the schema's", ({ path, node, required }) => {
  const { value = "", standard = "", meaning = "" } = rows.find(({ key }) => key === path) ?? {};
  if (required) expect(standard).toBe("required");
  else if (node.default === undefined) expect(standard).not.toMatch(/^required|^$/);
  else expect(standard).toContain(shown(node.default));
  for (const choice of [node.const, ...(node.enum ?? [])])
    if (choice !== undefined) expect(value).toContain(shown(choice));
  const numbers = [...value.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  for (const bound of BOUNDS) if (node[bound] !== undefined) expect(numbers, bound).toContain(node[bound]);
  const { maxLength = node["maxLength"] } = node.items ?? {};
  if (maxLength !== undefined) expect(numbers).toContain(maxLength);
  expect(meaning.length).toBeGreaterThan(10);
});

it("has the two bounds that are no part of a JSON schema", () => {
  const value = (path: string): string => rows.find(({ key }) => key === path)?.value ?? "";
  const socket = (bytes: number): unknown =>
    configSchema.safeParse({ stateDir: "s", advertise: ["a:1"], listen: { mint: "x".repeat(bytes) } }).success;
  expect([value("listen.mint"), socket(107), socket(108)]).toEqual([expect.stringContaining("107 bytes"), true, false]);
  const rule = (name: string): unknown =>
    configSchema.safeParse({
      stateDir: "s",
      advertise: ["a:1"],
      listen: { mintHttps: "0.0.0.0:1" },
      oidc: [{ issuer: "https://i", audience: "a", rules: [{ name, sub: "x", stacks: ["**"] }] }],
    }).success;
  const name = value("oidc[].rules[].name");
  expect([name, rule("x".repeat(63)), rule("x".repeat(64))]).toEqual([expect.stringContaining("1 to 63"), true, false]);
});

it("complaints about an unknown key name all that are known there", () => {
  const below = (prefix: RegExp): string[] => [
    ...new Set(keys.map(({ path }) => path).filter((path) => prefix.test(path))),
  ];
  const names = (at: PropertyKey[], prefix: RegExp): void =>
    expect(knownKeys(at).toSorted()).toEqual(
      below(prefix)
        .map((path) => path.replace(/^.*\./, ""))
        .toSorted(),
    );
  names(["listen"], /^listen\.[^.]+$/);
  names(["dial"], /^dial\.[^.]+$/);
  names(["push"], /^push\.[^.]+$/);
  names(["sources", 0], /^sources\[\]\.[^.]+$/);
  names(["oidc", 0], /^oidc\[\]\.[^.[]+(\[\])?$/);
  names(["oidc", 0, "rules", 0], /^oidc\[\]\.rules\[\]\.[^.]+$/);
  expect(knownKeys([]).toSorted()).toEqual(Object.keys(schema.properties ?? {}).toSorted());
});
