/** Errors of the host: a {@link BootseedError} that also says what to do, and maps to one sysexits code. */
import { BootseedError, type BootseedErrorCode } from "@bootseed/protocol";

/** sysexits(3) codes that `bootseed-host` ends with. */
export const EXIT = { usage: 64, data: 65, unavailable: 69, software: 70, cantCreate: 73, io: 74, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * @example throw new HostError("port-taken", "127.0.0.1:7443 is taken", "stop the other service", EXIT.unavailable);
 */
export class HostError extends BootseedError {
  /** What the reader can do about it, as one sentence. */
  readonly fix: string;
  readonly exit: ExitCode;

  constructor(code: BootseedErrorCode, message: string, fix: string, exit: ExitCode, options?: ErrorOptions) {
    super(code, message, options);
    this.fix = fix;
    this.exit = exit;
  }
}

/** The `code` of a Node.js system error ("ENOENT", …), or "" where there is none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
