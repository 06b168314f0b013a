/** Where commands speak, and how they end: the process's own, or a test's. */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** For a command that did its work and has bad news: the code it ends with. */
  readonly exit: (code: number) => void;
};

/** For commander: an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
