/** A line of the service's log for a person at a terminal: time, level, message, key=value. */

const LEVELS: Readonly<Record<number, string>> = {
  10: "TRACE",
  20: "DEBUG",
  30: "INFO ",
  40: "WARN ",
  50: "ERROR",
  60: "FATAL",
};

/** Control characters, which a guest may have sent, never reach the terminal. */
// oxlint-disable-next-line no-control-regex
const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** Bare where it is one word. */
const shown = (value: unknown): string =>
  typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);

/**
 * @param line as pino writes it, one JSON object
 * @returns the same without its end of line; what is no such line as it is, cleaned
 */
export function readableLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return clean(line);
  }
  const { time, level, msg, err, ...rest } = entry;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`);
  const { message, stack } = (err ?? {}) as { message?: unknown; stack?: unknown };
  const why = err === undefined ? [] : [`err=${shown(message ?? err)}`];
  const head = [
    String(time).slice(11, 19),
    LEVELS[Number(level)] ?? String(level),
    typeof msg === "string" ? msg : "",
    ...fields,
    ...why,
  ];
  // A stack trace has lines of its own.
  const trace = typeof stack === "string" ? stack.split("\n").slice(1) : [];
  return [head.join(" ").trimEnd(), ...trace].map(clean).join("\n");
}
