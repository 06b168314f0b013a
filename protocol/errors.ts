/**
 * The one error class of bootseed, with a closed union of codes. Callers decide on `code`, people read `message`, which
 * says what was expected, what came and what to do. No message ever contains a secret.
 */

/** Why a message was refused, or why an operation failed. Codes are stable; messages are not. */
export type BootseedErrorCode =
  // Bytes that do not have the shape of the message.
  | "malformed"
  | "too-long"
  | "bad-version"
  | "bad-suite"
  | "bad-checksum"
  | "all-zero"
  | "placeholder"
  | "non-canonical"
  | "small-order-key"
  // Bytes of the right shape that prove nothing, or prove something else.
  | "bad-mac"
  | "bad-signature"
  | "bad-token"
  | "expired"
  | "mismatch"
  | "open-failed"
  | "bad-chunk"
  | "bad-counter"
  | "unsupported"
  // Operation of the programs around the protocol.
  | "bad-config"
  | "usage"
  | "no-source"
  | "source-failed"
  | "storage-failed"
  | "io"
  | "port-taken"
  | "unreachable"
  | "unavailable"
  | "conflict"
  | "forbidden"
  | "not-found"
  | "rate-limited"
  | "timeout";

/**
 * The error that every part of bootseed throws for data it refuses and for operations that fail.
 *
 * @example
 * try {
 *   parseHello(bytes);
 * } catch (error) {
 *   if (error instanceof BootseedError && error.code === "bad-version") upgrade();
 *   else throw error;
 * }
 */
export class BootseedError extends Error {
  override readonly name = "BootseedError";
  readonly code: BootseedErrorCode;

  /**
   * @param code - stable reason, for programs
   * @param message - expected, got, what to do; never a secret
   * @param options - `cause`: the original error, kept
   */
  constructor(code: BootseedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
