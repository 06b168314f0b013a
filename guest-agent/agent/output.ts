/** Data to stdout, talk to stderr; nothing but these two functions writes to stdout. */

/** Version of every `--json` document; a field is only ever added while it stays. */
const SCHEMA = 1;

/** One JSON document. */
export function printJson(fields: object): void {
  process.stdout.write(`${JSON.stringify({ schema: SCHEMA, ...fields })}\n`);
}

/** Lines for people; control characters, which a host may have sent, do not reach the terminal. */
export function printLines(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, "?")}\n`);
}
