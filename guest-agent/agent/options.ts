/**
 * Options of a verb. In place of node:util's parseArgs: `require("node:util")` reads every getter of that module and
 * thereby loads worker threads and more, 2 MiB and some milliseconds for every run of the timer.
 */
import { BootseedError } from "@bootseed/protocol";

type Kind = "string" | "boolean";
type Values<T extends Record<string, Kind>> = { [K in keyof T]?: T[K] extends "string" ? string : true };

/**
 * @param known names without dashes
 * @throws BootseedError "usage" for an unknown option, one without its value, or any other word
 * @example parseOptions(["--name", "web-7"], { name: "string" }).name === "web-7"
 */
export function parseOptions<const T extends Record<string, Kind>>(args: readonly string[], known: T): Values<T> {
  const values: Record<string, string | true> = {};
  const expected = Object.keys(known).map((name) => `--${name}`);
  const words = [...args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, name = "", inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined || (kind === "boolean" && inline !== undefined))
      throw new BootseedError("usage", `unknown option ${word}: expected ${expected.join(", ") || "none"}`);
    const value = kind === "boolean" ? true : (inline ?? words.shift());
    if (value === undefined || value === "") throw new BootseedError("usage", `--${name}: expected a value`);
    values[name] = value;
  }
  return values as Values<T>;
}
