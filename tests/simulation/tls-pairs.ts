/** Real certificates, made once and used in many worlds: making one takes longer than a simulated hour. */
import { randomBytes } from "node:crypto";
import { selfSigned, type TlsPair } from "../../hwrng-host/identity/self-signed.ts";

const PAIRS: readonly TlsPair[] = await Promise.all(
  Array.from({ length: 24 }, async () => selfSigned("bootseed simulation", randomBytes(8))),
);

let next = 0;

export const tlsPairs = {
  /** The next of a ring that is longer than any world's need. */
  take(): TlsPair {
    const pair = PAIRS[next++ % PAIRS.length];
    if (pair === undefined) throw new Error("no certificate was made");
    return pair;
  },
} as const;
