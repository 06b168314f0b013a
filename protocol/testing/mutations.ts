/** Damage: every way to flip one bit of a message, and every way to cut it short or to add to it. For tests. */

/** A damaged message, and what was done to it. */
export interface Mutation {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** Every single-bit flip, one after the other. */
export function* bitFlips(bytes: Uint8Array): Generator<Mutation> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const copy = Uint8Array.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield { what: `bit ${bit & 7} of byte ${bit >> 3} flipped`, bytes: copy };
  }
}

/** Every proper beginning, the empty one included; then the message with one byte too many. */
export function* truncations(bytes: Uint8Array): Generator<Mutation> {
  for (let length = 0; length < bytes.length; length++)
    yield { what: `cut to ${length} bytes`, bytes: bytes.slice(0, length) };
  yield { what: "one zero byte added", bytes: Uint8Array.of(...bytes, 0) };
}

/** Every bit flip and every truncation. */
export function* damage(bytes: Uint8Array): Generator<Mutation> {
  yield* bitFlips(bytes);
  yield* truncations(bytes);
}

/**
 * Which damaged messages are *not* refused with a BootseedError; an empty list is what a test wants.
 *
 * @param accept - parses and verifies; must throw for every one
 */
export function survivors(bytes: Uint8Array, accept: (bytes: Uint8Array) => unknown): string[] {
  const survived: string[] = [];
  for (const mutation of damage(bytes)) {
    try {
      accept(mutation.bytes);
      survived.push(mutation.what);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "BootseedError")
        survived.push(`${mutation.what}: ${String(error)}`);
    }
  }
  return survived;
}
