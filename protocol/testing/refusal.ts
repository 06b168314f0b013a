/** What a function refuses with. For tests. */
import { BootseedError } from "../errors.ts";

/**
 * The code of the BootseedError that `action` throws; "accepted" if it does not throw; anything else it throws comes
 * through.
 */
export function refusal(action: () => unknown): string {
  try {
    action();
    return "accepted";
  } catch (error) {
    if (error instanceof BootseedError) return error.code;
    throw error;
  }
}

/** A copy with `patch` written over it at `offset`. */
export function patched(bytes: Uint8Array, offset: number, ...patch: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(patch, offset);
  return copy;
}
