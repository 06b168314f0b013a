/** How the agent ends: sysexits(3), so that units and scripts can tell what to do. */
import { BootseedError } from "@bootseed/protocol";
import { Refusal } from "./refusal.ts";

export const EXIT = {
  ok: 0,
  /** the command line */
  usage: 64,
  /** not enrolled, or a state file was damaged: join */
  data: 65,
  /** no host answered, or what it said was refused */
  unavailable: 69,
  /** a fault in bootseed itself */
  software: 70,
  /** the disk is full or read-only */
  cannotCreate: 73,
  io: 74,
  /** somebody else is at work, or the host asks to wait */
  tryAgain: 75,
  permission: 77,
} as const;

const BY_CODE: Record<string, number> = {
  usage: EXIT.usage,
  "bad-checksum": EXIT.data,
  "not enrolled": EXIT.data,
  instance: EXIT.data,
  unavailable: EXIT.tryAgain,
  "instance-unknown": EXIT.tryAgain,
  "http-429": EXIT.tryAgain,
  "http-503": EXIT.tryAgain,
  io: EXIT.io,
  EIO: EXIT.io,
  ENOSPC: EXIT.cannotCreate,
  EDQUOT: EXIT.cannotCreate,
  EROFS: EXIT.cannotCreate,
  EACCES: EXIT.permission,
  EPERM: EXIT.permission,
};

/** @param code of a refusal, a BootseedError, or errno's name */
export function exitForCode(code: string): number {
  if (code.startsWith("state-")) return EXIT.data;
  return BY_CODE[code] ?? (code === "failed" ? EXIT.software : EXIT.unavailable);
}

export function exitForError(error: unknown): number {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") return EXIT.software;
  if (code.startsWith("ERR_")) return EXIT.software;
  const { cause } = error as { cause?: { code?: unknown } };
  const below = error instanceof BootseedError && code === "io" ? cause?.code : undefined;
  if (typeof below === "string" && BY_CODE[below] !== undefined) return exitForCode(below);
  return error instanceof Refusal || error instanceof BootseedError || BY_CODE[code] !== undefined
    ? exitForCode(code)
    : EXIT.io;
}
