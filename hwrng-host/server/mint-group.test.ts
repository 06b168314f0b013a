import { expect, it } from "vitest";
import { groupNumber } from "./mint-group.ts";

const GROUPS = "root:x:0:\nbootseed-minters:x:7:\nbootseed-mint:x:998:anna,ben\nbroken\n";

it.each([
  ["bootseed-mint", 998],
  ["root", 0],
  ["bootseed", undefined],
  ["broken", undefined],
])("%s: %s", (name, number) => expect(groupNumber(GROUPS, name)).toBe(number));
