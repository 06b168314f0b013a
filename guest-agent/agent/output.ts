/** Data to stdout, talk to stderr. */
import { writeSync } from "node:fs";

/** Version of every `--json` document; a field is only ever added while it stays. */
const SCHEMA = 1;

/** `process.stdout` would load sockets and streams for one line. */
function write(stream: "stdout" | "stderr", text: string): void {
  try {
    writeSync(stream === "stdout" ? 1 : 2, text);
  } catch {
    // A pipe that is full for now, or closed.
    process[stream].write(text);
  }
}

/** One JSON document. */
export function printJson(fields: object): void {
  write("stdout", `${JSON.stringify({ schema: SCHEMA, ...fields })}\n`);
}

/** Lines for people; control characters, which a host may have sent, do not reach the terminal. */
export function printLines(lines: readonly string[]): void {
  for (const line of lines) write("stdout", `${clean(line)}\n`);
}

/** Text that is ours, with its line ends. */
export function printText(text: string): void {
  write("stdout", text);
}

/** A line for whoever watches, or for the journal; never a secret. */
export function say(line: string): void {
  write("stderr", `${clean(line)}\n`);
}

const clean = (line: string): string => line.replaceAll(/\p{Cc}/gu, "?");
