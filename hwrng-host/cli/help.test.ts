import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { command as bootseed } from "../../seeder/cli/main.ts";
import { command as localCloud } from "../../local-cloud/cli/command.ts";
import { hostProgram } from "./program.ts";

const nothing = (): void => undefined;
const withAll = (command: Command): Command[] => [command, ...command.commands.flatMap(withAll)];

describe.each([
  ["bootseed-host", hostProgram({ out: nothing, err: nothing, exit: nothing })],
  ["bootseed", bootseed({ env: {}, stdoutIsTty: false, exitCode: 0 })],
  ["local-cloud", localCloud([], nothing)],
])("--help of %s", (_, program) => {
  it("marks required options, and no others", () => {
    const seen = withAll(program).flatMap((command) =>
      command.options.map((option) => {
        const text = command.helpInformation().replaceAll(/\s+/g, " ");
        return [option.mandatory, text.includes(`${option.flags} (required) `), `${command.name()} ${option.flags}`];
      }),
    );
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.filter(([mandatory, marked]) => mandatory !== marked)).toEqual([]);
  });
});
