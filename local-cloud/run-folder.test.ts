import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { claimFolder, holderOf } from "./run-folder.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "local-cloud-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As `claimFolder` of another living process would write it. */
const held = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
};

it("is held from the claim to the release", () => {
  expect(holderOf(dir)).toBeUndefined();
  const release = claimFolder(dir);
  expect(holderOf(dir)).toBe(process.pid);
  release();
  expect(holderOf(dir)).toBeUndefined();
});

it("is shared with no living cloud", () => {
  writeFileSync(join(dir, "pid"), held(process.ppid));
  expect(() => claimFolder(dir)).toThrow(`in use by the local-cloud with pid ${process.ppid}: stop it`);
});

it.each([
  ["a dead process", "999999999 1"],
  ["a stranger's process that got the number", `${process.ppid} 1`],
  ["a write that was cut short", `${process.ppid}`],
  ["nothing", ""],
])("is taken over from %s, and what was left there is removed", (_, text) => {
  writeFileSync(join(dir, "pid"), text);
  mkdirSync(join(dir, "droplets/1"), { recursive: true });
  writeFileSync(join(dir, "log"), "what the last one said");
  claimFolder(dir);
  expect(holderOf(dir)).toBe(process.pid);
  expect([existsSync(join(dir, "droplets")), existsSync(join(dir, "log"))]).toEqual([false, true]);
});

it("is left alone by a release when another cloud has it meanwhile", () => {
  const release = claimFolder(dir);
  writeFileSync(join(dir, "pid"), held(process.ppid));
  writeFileSync(join(dir, "api"), "");
  release();
  expect(existsSync(join(dir, "api"))).toBe(true);
});
