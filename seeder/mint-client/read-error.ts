/** Why a file that somebody named cannot be read. */

/**
 * @param cause as node:fs throws it
 * @returns "not-found" where there is no such file, so that another name helps; "io" for all else
 */
export const readErrorCode = (cause: unknown): "not-found" | "io" =>
  ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "") ? "not-found" : "io";
