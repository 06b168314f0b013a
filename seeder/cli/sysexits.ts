/** Exit codes by sysexits.h, so that scripts can tell "wrong usage" from "host is down". */
import { BootseedError, type BootseedErrorCode } from "@bootseed/protocol";
import { BadInput } from "./bad-input.ts";

export const EX_USAGE = 64;
export const EX_DATAERR = 65;
const EX_NOINPUT = 66;
const EX_UNAVAILABLE = 69;
const EX_SOFTWARE = 70;
const EX_IOERR = 74;
export const EX_TEMPFAIL = 75;
const EX_PROTOCOL = 76;
const EX_NOPERM = 77;
const EX_CONFIG = 78;

const BY_CODE: Partial<Record<BootseedErrorCode, number>> = {
  usage: EX_USAGE,
  "not-found": EX_NOINPUT,
  unreachable: EX_UNAVAILABLE,
  unavailable: EX_UNAVAILABLE,
  timeout: EX_UNAVAILABLE,
  "rate-limited": EX_TEMPFAIL,
  conflict: EX_DATAERR,
  mismatch: EX_DATAERR,
  "too-long": EX_DATAERR,
  malformed: EX_PROTOCOL,
  forbidden: EX_NOPERM,
  io: EX_IOERR,
  "storage-failed": EX_IOERR,
  "bad-config": EX_CONFIG,
};

/** @returns the exit code for an error that reached the top */
export function exitCodeOf(error: unknown): number {
  if (error instanceof BadInput) return EX_DATAERR;
  return error instanceof BootseedError ? (BY_CODE[error.code] ?? EX_SOFTWARE) : EX_SOFTWARE;
}
