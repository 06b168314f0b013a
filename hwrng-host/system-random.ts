/**
 * The system's generator, read from the kernel at each call. OpenSSL's generator in this process is seeded when the
 * process starts: a reseed of the kernel, and a copy of this machine's memory, would not be noticed there.
 */
import { randomFillSync } from "node:crypto";
import { openSync, readSync } from "node:fs";

/** The file of the kernel's generator. Another path is for tests. */
const KERNEL = "/dev/urandom";

/** @returns `bytes` random bytes of the caller's own @throws Error when the kernel cannot be read: there is no fall-back */
type SystemRandom = (bytes: number) => Uint8Array;

/**
 * Opens the kernel's generator for the life of the process. What is read is added (XOR) to the process's own bytes, so
 * that the result is as good as the better of the two.
 *
 * @param own fills an array from the process's generator, in place
 * @throws Error when it cannot be opened
 */
export function systemRandom(
  kernel: string = KERNEL,
  own: (into: Uint8Array) => Uint8Array = randomFillSync,
): SystemRandom {
  const file = openSync(kernel, "r");
  return (bytes) => {
    const fresh = new Uint8Array(bytes);
    for (let got = 0; got < bytes;) {
      const read = readSync(file, fresh, got, bytes - got, null);
      if (read === 0)
        throw new Error(`${kernel}: expected ${bytes} bytes, got ${got}: it is not the kernel's generator`);
      got += read;
    }
    const added = own(new Uint8Array(bytes));
    for (const [at, byte] of added.entries()) fresh[at] = (fresh[at] ?? 0) ^ byte;
    added.fill(0);
    return fresh;
  };
}
