/**
 * node:crypto tells key objects from raw bytes by catching what a failed brand check throws (`isKeyObject` and
 * `isCryptoKey` of lib/internal/crypto/keys.js in Node 24), and V8 collects a stack trace each time: four traces for
 * one raw key, which is 15 of the 21 µs that making the key object takes.
 */

/**
 * Runs `work` with stack traces of no frames, so that errors thrown and caught inside cost next to nothing. An error
 * that comes out of it has its message and code, but no trace.
 *
 * @param work - synchronous: the limit is the whole process's, and is put back before anything else runs
 */
export function withoutStack<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
