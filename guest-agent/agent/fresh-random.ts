/**
 * Random bytes for keys, read from the kernel when they are needed. A process seeds OpenSSL's generator once, when it
 * starts, and a reseed of the kernel does not reach it: a key from there would depend on nothing that came later.
 */
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

/** The file of the kernel's generator. Another path is for tests. */
const KERNEL = "/dev/urandom";

/**
 * Reads the kernel's generator and adds (XOR) the process's own bytes, so that the result is as good as the better of
 * the two.
 *
 * @param own fills an array from the process's generator, in place
 * @returns bytes of the caller's own, to be wiped by it
 * @throws Error when the file cannot be read, or ends early: there is no fall-back
 */
export function freshRandom(
  bytes: number,
  kernel: string = KERNEL,
  own: (into: Uint8Array) => Uint8Array = randomFillSync,
): Uint8Array {
  const fresh = new Uint8Array(bytes);
  const added = own(new Uint8Array(bytes));
  const file = openSync(kernel, "r");
  try {
    for (let got = 0; got < bytes;) {
      const read = readSync(file, fresh, got, bytes - got, null);
      if (read === 0)
        throw new Error(`${kernel}: expected ${bytes} bytes, got ${got}: it is not the kernel's generator`);
      got += read;
    }
    for (const [at, byte] of added.entries()) fresh[at] = (fresh[at] ?? 0) ^ byte;
    return fresh;
  } finally {
    closeSync(file);
    added.fill(0);
  }
}
