// What a run's end prints. Pure.
import { withoutStack, type Failure } from "./rerun.ts";
import type { Run } from "./results.ts";

const START = 400;
const END = 1200;
const SLOWEST = 10;

/** `FILE: NAME`, on one line whatever the name holds. */
export const title = ({ path, name }: Failure): string =>
  oneLine([path || "(no file)", name].filter(Boolean).join(": "));

/** Each failure again, shortly, for the end of a long output: a reader who sees only that learns what broke. */
export const failureLines = (failures: readonly Failure[]): string[] =>
  failures.flatMap((failure) => [
    `FAILED ${title(failure)}`,
    ...(failure.first === undefined ? [] : [clip(failure.first)]),
    ...(failure.second === undefined ? [] : ["… in the second run, alone:", clip(failure.second)]),
  ]);

/** Each test that failed in one run and passed in the other, with its message. */
export const flakyLines = (flaky: readonly Failure[]): string[] =>
  flaky.flatMap((failure) => [
    `flaky: ${title(failure)}`,
    ...(failure.first === undefined ? ["passed in the first run"] : [clip(failure.first)]),
    ...(failure.second === undefined
      ? ["… passed in the second run, alone"]
      : ["… in the second run:", clip(failure.second)]),
  ]);

/** One line each for a log that collects them: the date, tab, `flaky: FILE: NAME`, tab, start of the message. */
export const flakyLog = (flaky: readonly Failure[], date: Date): string =>
  flaky
    .map((failure) => {
      const message = oneLine(withoutStack(failure.first ?? failure.second ?? "")).slice(0, START);
      return `${date.toISOString()}\tflaky: ${title(failure)}\t${message}\n`;
    })
    .join("");

/** The slowest files, the slowest first: seconds of import, hooks and tests. */
export function slowestLines({ files }: Run): string[] {
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  return slowest.map(({ path, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${oneLine(path)}`);
}

/** Line breaks as `\\n`, other control characters as `\\u001b`. */
const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) =>
    c === "\n" ? "\\n" : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Of a long message its start and its end, where consoles and logs show what happened. */
function clip(message: string): string {
  const whole = withoutStack(message);
  return whole.length <= START + END ? whole : `${whole.slice(0, START)}\n[…]\n${whole.slice(-END)}`;
}
