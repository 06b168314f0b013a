/** Data to stdout, talk to stderr. */

export const print = (text: string): void => void process.stdout.write(text);
export const printJson = (value: unknown): void => print(`${JSON.stringify(value, undefined, 2)}\n`);
/** Names and words of a host among it are no commands to the terminal; some errors have several lines. */
export const say = (line: string): void =>
  void process.stderr.write(`bootseed: ${line.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, "?")}\n`);

/** What the commands learn of their surroundings, and what they leave: an exit code that is no error. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout is a screen, where a secret would stay in the scrollback. */
  readonly stdoutIsTty: boolean;
  exitCode: number;
}
