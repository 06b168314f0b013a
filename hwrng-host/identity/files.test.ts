import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { createOnce, makeStateFolder, removeLeftovers, replaceFile } from "./files.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-files-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** No process has it: pid_max is 4,194,304 at most. */
const NOBODY = 4_194_305;

it("what a killed process left is removed, also in folders; what a living one writes stays", () => {
  mkdirSync(join(dir, "statements"));
  const stale = [`root.key.${NOBODY}.tmp`, `secret.${process.pid}.tmp`, `statements/7.${NOBODY}.tmp`];
  const kept = ["root.key", `packet.key.${process.ppid}.tmp`, "notes.tmp", "statements/7"];
  for (const name of [...stale, ...kept]) writeFileSync(join(dir, name), name);
  removeLeftovers(dir);
  const left = readdirSync(dir, { recursive: true, encoding: "utf8" });
  expect(left.toSorted()).toEqual([...kept, "statements"].toSorted());
  // Also without the sweep, a leftover of the own pid is not in the way.
  writeFileSync(join(dir, `secret.${process.pid}.tmp`), "");
  expect(createOnce(join(dir, "secret"), new Uint8Array([1]))).toBe(true);
  replaceFile(join(dir, "secret"), new Uint8Array([2]));
  expect([...readFileSync(join(dir, "secret"))]).toEqual([2]);
});

it("a folder that is not there yet is no error", () => {
  removeLeftovers(join(dir, "nowhere"));
  expect(readdirSync(dir)).not.toContain("nowhere");
});

const ROOT = prerequisite(process.getuid?.() === 0, "expected root, who may give a file to any user");
it.skipIf(!ROOT)("what root makes in the service's folder is the service's, elsewhere root's", () => {
  const NOBODY_ID = 65_534;
  const state = mkdtempSync(join(dir, "state-"));
  chownSync(state, NOBODY_ID, NOBODY_ID);
  replaceFile(join(state, "statement"), new Uint8Array(1));
  makeStateFolder(join(state, "statements"));
  createOnce(join(state, "statements", "7"), new Uint8Array(1), "folder");
  createOnce(join(state, "web-7.seed"), new Uint8Array(1));
  const names = ["statement", "statements", "statements/7", "web-7.seed"];
  const owners = names.map((name) => statSync(join(state, name)).uid);
  expect(owners).toEqual([NOBODY_ID, NOBODY_ID, NOBODY_ID, 0]);
});
