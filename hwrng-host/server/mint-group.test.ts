import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { groupNumber, letMintGroupRead } from "./mint-group.ts";

const GROUPS = "root:x:0:\nbootseed-minters:x:7:\nbootseed-mint:x:998:anna,ben\nbroken\n";

it.each([
  ["bootseed-mint", 998],
  ["root", 0],
  ["bootseed", undefined],
  ["broken", undefined],
])("%s: %s", (name, number) => expect(groupNumber(GROUPS, name)).toBe(number));

const root = prerequisite(process.getuid?.() === 0, "expected root, which may give a file to a group");

it.runIf(root)("a new config is readable for the group where there is one", () => {
  const dir = mkdtempSync(join(tmpdir(), "mint-group-"));
  const file = join(dir, "host.yaml");
  writeFileSync(file, "", { mode: 0o600 });
  const rights = (): [number, number] => [statSync(file).mode & 0o777, statSync(file).gid];
  letMintGroupRead(file, "root:x:0:\n");
  expect(rights()).toEqual([0o600, 0]);
  letMintGroupRead(file, GROUPS);
  expect(rights()).toEqual([0o640, 998]);
  rmSync(dir, { recursive: true });
});
