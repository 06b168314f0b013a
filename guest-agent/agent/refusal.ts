/** What a host said that is not taken, or a state file that cannot be: one code, counted in topup.json. */
import { BootseedError } from "@bootseed/protocol";

/** `http-403`, `state-psk`, or a code of protocol/errors.ts. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: string;

  /** @param message expected, got, what to do; never a secret */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Trouble of this machine or of the network, which says nothing about a host's message. */
const NOT_COUNTED = new Set<string>(["unreachable", "io", "storage-failed", "timeout", "usage"]);

/** The code to count, or null for an error that is no refusal. */
export function refusalCode(error: unknown): string | null {
  if (error instanceof Refusal) return error.code;
  return error instanceof BootseedError && !NOT_COUNTED.has(error.code) ? error.code : null;
}

/** The code of any error: ours, or errno's name (`ENOSPC`); "failed" for one that has none. */
export function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "failed";
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
