/**
 * For each property of a resource the SDK (3.270) makes four promises and keeps a stack trace with each, to name those
 * that leak: some 130 traces per droplet, each led back to the sources by source-map-support. They are most of the time
 * that a program with many droplets takes.
 */
import { withoutStack } from "@bootseed/protocol";

/** How the SDK is asked to name promises that leak; then it needs the traces. */
const WANTED = "PULUMI_DEBUG_PROMISE_LEAKS";

/**
 * Makes a resource without those traces. Its place in the program, which the engine is told, is found all the same: the
 * SDK lifts the limit for that itself.
 *
 * @param make synchronous; what it throws without a trace gets that of who called here
 */
export function quickly<T>(make: () => T): T {
  if (process.env[WANTED] !== undefined) return make();
  try {
    return withoutStack(make);
  } catch (error) {
    // One that was made without a trace; a user's own transformation that threw may have brought its own.
    if (error instanceof Error && !/^ +at /m.test(error.stack ?? "")) Error.captureStackTrace(error, quickly);
    throw error;
  }
}
