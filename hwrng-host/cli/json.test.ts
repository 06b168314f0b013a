import type { Command } from "commander";
import { expect, it } from "vitest";
import { hostProgram } from "./program.ts";

const nothing = (): void => undefined;
/** What they print is not theirs to shape: a log, the mint API itself, and a script. */
const WITHOUT = ["serve", "mint-stdio", "completion"];

it("every command that shows data has --json", () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  const all = leaves(hostProgram({ out: nothing, err: nothing, exit: nothing }));
  const lacking = all.filter(({ options }) => !options.some(({ long }) => long === "--json"));
  expect(all.length).toBeGreaterThan(14);
  expect(lacking.map((command) => command.name())).toEqual(WITHOUT);
});
