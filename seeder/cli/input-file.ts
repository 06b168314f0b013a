/** A file that the user named, or what comes in. */
import { readFileSync } from "node:fs";
import { BootseedError } from "@bootseed/protocol";
import { readErrorCode } from "../mint-client/read-error.ts";

const STDIN = 0;

/**
 * @param file `-` for stdin
 * @param what it is, for messages: "the template"
 * @throws BootseedError "not-found" when there is no such file, "io" when it cannot be read
 */
export function readInput(file: string, what: string): Uint8Array {
  try {
    return readFileSync(file === "-" ? STDIN : file);
  } catch (cause) {
    const message = `cannot read ${what} ${file}: ${(cause as Error).message}`;
    throw new BootseedError(readErrorCode(cause), message, { cause });
  }
}
