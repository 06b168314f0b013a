/**
 * Domain separation: every signature, every MAC and every HPKE `info` starts with the label of its own message, so that
 * no value made for one purpose can ever pass for another. A label ends in a zero byte, hence none is the beginning of
 * another.
 */
import { utf8 } from "./bytes.ts";

/** The messages, plus the two keys (`psk`, `token`) that only the host derives. */
export type LabelName =
  "mint" | "seed" | "claim" | "enrolment" | "hello" | "packet" | "receipt" | "statement" | "join" | "psk" | "token";

/** Version byte of every message, and the `v1` of every label. */
export const VERSION = 1;

/** Suite 1: X25519, ChaCha20-Poly1305, Ed25519. 2 (all-NIST) and 3 (MLKEM768-X25519) are reserved. */
export const SUITE = 1;

const LABELS = new Map<LabelName, Uint8Array>();

/** The bytes of `bootseed v1 <name>\0`: the same ones at each call, to be read and never written. */
export function label(name: LabelName): Uint8Array {
  let bytes = LABELS.get(name);
  if (bytes === undefined) LABELS.set(name, (bytes = utf8(`bootseed v1 ${name}\0`)));
  return bytes;
}
